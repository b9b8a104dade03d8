"""How far the statistics hold: tables of simulations with a known truth, see `_simulations`."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any

from scorer.bench._simulations import SIMULATIONS, Simulation
from scorer.bench.base import Bench, Report, Settings
from scorer.limits import n_cores


def simulate(settings: Settings, *, simulations: Mapping[str, Simulation] = SIMULATIONS) -> Report:
    """Make every row of every table, as many at once as there are cores."""
    report = BENCH.report(settings)
    jobs = [(name, case) for name, each in simulations.items() for case in range(len(each.cases))]
    rows: dict[tuple[str, int], Any] = {}
    with ProcessPoolExecutor(n_cores(), get_context("spawn")) as pool:
        made = {pool.submit(_row, *job, settings.rounds): job for job in jobs}
        for done, future in enumerate(as_completed(made), 1):
            rows[made[future]] = future.result()
            settings.progress("bench", done, len(jobs))
    for name, each in simulations.items():
        own = [rows[name, case] for case in range(len(each.cases))]
        report.add_table(each.summary, each.about, each.columns, own)
    return report


def _row(name: str, case: int, rounds: int) -> Any:
    """Return one row of a table; called in a process of its own."""
    return SIMULATIONS[name].simulate(case, rounds)


BENCH = Bench("simulations", "how far errors, ceiling, ties, tests and bounds hold", simulate)
