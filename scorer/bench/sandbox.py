"""What a tier of isolation costs: the runs of one score under each that holds on this machine."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scorer import pipeline
from scorer.bench._timing import Candidate, Clock, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.engines.base import no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.runner.tiers import by_rank, missing

METHOD = "finetune"
N_WORKERS = 2
PLAIN = "process"
"""What the others are compared with."""


def measure(
    settings: Settings,
    *,
    task: str = "digits",
    n_models: int = 64,
    n_workers: int = N_WORKERS,
    tiers: Sequence[str] | None = None,
    score: Callable[..., Sequence[pipeline.Scored]] = pipeline.score,
    clock: Clock = time.perf_counter,
) -> Report:
    """Score a method under each tier in turns, and time the stage of the runs.

    That stage starts the workers and their processes, makes the runs, the audited one and the
    retrainings that they are timed against, and checks and evaluates what comes back.

    Args:
        settings: how many rounds, and where data lie.
        task: scored on.
        n_models: N.
        n_workers: processes.
        tiers: to compare, the plain one among them; None for all that hold here.
        score: the way from a method to a record, called as `scorer.pipeline.score` is.
        clock: of the wall.
    """
    names = [name for name in by_rank() if not missing(name)] if tiers is None else list(tiers)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    run_s: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:

        def candidate(name: str) -> Candidate:
            options = Options(
                task=task,
                device="cpu",
                n_models=n_models,
                workers=n_workers,
                sandbox=name,
                cache_dir=Path(folder),
                data_dir=settings.data_dir,
            )

            def run(_: int) -> None:
                ended: dict[str, float] = {}
                # What ran before is not run again, so each score has a folder of its own.
                note: dict[str, Any] = {
                    "runs_dir": Path(folder, f"runs-{name}-{len(seconds[name])}"),
                    "on_stage": lambda stage: ended.setdefault(stage, clock()),
                }
                (scored,) = score([METHOD], options, no_progress, ("time",), **note)
                if scored.record.faults or scored.record.elapsed_s is None:
                    raise ScorerError(f"runs under {name} failed: {scored.record.faults}")
                seconds[name].append(ended["run"] - ended["train"])
                run_s[name].append(scored.record.elapsed_s)

            return Candidate(run)

        candidates = {name: candidate(name) for name in names}
        alternate(candidates, settings.rounds, clock=clock, on_round=settings.on_round)
    report = BENCH.report(settings)
    report.values |= {"task": task, "n_models": n_models, "n_workers": n_workers}
    for name in names:
        # The first of each warmed up.
        own, plain = np.array(seconds[name][1:]), np.array(seconds[PLAIN][1:])
        report.add(f"{name}: the runs of a score", "s", own, f"{name}_runs_s")
        report.add(f"{name}: one run", "s", run_s[name][1:], f"{name}_run_s")
        if name != PLAIN:
            key = f"{name}_ratio"
            report.add(f"{name}: the runs over those under {PLAIN}", "times", own / plain, key)
    report.notes += [
        f"{METHOD} on {task}, N={n_models}, {n_workers} worker processes; ratios are of each round",
        "the runs include starting workers and processes, the audited run, the timed retrainings,"
        " checks and evaluation",
        *(f"not measured: {name}, {missing(name)}" for name in by_rank() if name not in names),
    ]
    return report


BENCH = Bench("sandbox", "what a tier of isolation costs, side by side", measure)
