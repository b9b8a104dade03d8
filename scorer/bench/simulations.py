"""How far the statistics hold: tables of simulations with a known truth, see `_simulations`."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any

from scorer.bench._simulations import SIMULATIONS, Simulation
from scorer.bench._simulations.kept import KeptRows
from scorer.bench.base import Bench, Report, Settings
from scorer.limits import n_cores


def simulate(settings: Settings, *, simulations: Mapping[str, Simulation] = SIMULATIONS) -> Report:
    """Make every row of every table, as many at once as there are cores.

    A row is kept in the cache when it is made: what was interrupted goes on.
    """
    report, kept = BENCH.report(settings), KeptRows(settings.cache_dir)
    jobs = [(name, case) for name, each in simulations.items() for case in range(len(each.cases))]
    found = {job: kept.read(*job, settings.rounds) for job in jobs}
    rows: dict[tuple[str, int], Any] = {job: row for job, row in found.items() if row is not None}
    with ProcessPoolExecutor(n_cores(), get_context("spawn")) as pool:
        made = {pool.submit(_row, *job, settings.rounds): job for job in jobs if job not in rows}
        for future in as_completed(made):
            job = made[future]
            rows[job] = future.result()
            kept.keep(*job, settings.rounds, rows[job])
            settings.progress("bench", len(rows), len(jobs))
    for name, each in simulations.items():
        own = [rows[name, case] for case in range(len(each.cases))]
        report.add_table(each.summary, each.about, each.columns, own)
    return report


def _row(name: str, case: int, rounds: int) -> Any:
    """Return one row of a table; called in a process of its own."""
    return SIMULATIONS[name].simulate(case, rounds)


BENCH = Bench("simulations", "how far errors, ceiling, ties, tests and bounds hold", simulate)
