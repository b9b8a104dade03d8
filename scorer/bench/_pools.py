"""Train a pool from nothing, and forget it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from scorer.bench._timing import Candidate, alternate
from scorer.bench.base import Report, Settings
from scorer.engines import Engine
from scorer.errors import ScorerError
from scorer.oracles.pool import Pool
from scorer.pipeline import Options, open_pool

MakeEngine = Callable[[int | None], Engine]


def add_pools(
    report: Report,
    settings: Settings,
    options: Options,
    engines: Mapping[str, MakeEngine],
    workers: tuple[int, ...],
) -> None:
    """Add the time of the same pool trained by each number of workers of each engine.

    Args:
        report: added to.
        settings: how many rounds.
        options: task, device, folders, and models of the pool.
        engines: by name; one that cannot be made is left out, and the report says why.
        workers: numbers of worker processes, the smallest first.
    """
    opened, _ = open_pool(options, settings.progress)
    task, path, n_models = opened.task, opened.path, options.n_models
    accuracy: list[float] = []

    def train(engine: Engine, n_units: int) -> None:
        for _ in range(n_units):
            with tempfile.TemporaryDirectory() as folder:
                pool = Pool(task, path, opened.device, Path(folder))
                bank = pool.banks({"oracle": n_models}, engine)["oracle"]
            accuracy[:] = bank.accuracy("test")

    for name, make in engines.items():
        try:
            made = [Candidate(partial(train, make(n)), n_models) for n in workers]
        except ScorerError as error:
            report.notes.append(f"pool, engine {name} left out: {error}")
            continue
        turns = alternate(made, settings.rounds, 0.0, on_round=settings.on_round)
        for n, own in zip(workers, turns, strict=True):
            title = f"pool, engine {name}, {n} worker{'s' * (n > 1)}"
            report.add(title, "s", own.seconds, f"pool_{name}_{n}_s")
        if len(turns) > 1:
            title = f"pool, engine {name}, {workers[-1]} workers over {workers[0]}"
            faster = turns[-1].rates / turns[0].rates
            report.add(title, "times faster", faster, f"pool_{name}_ratio")
    report.add("pool, test accuracy", "%", [100 * each for each in accuracy], "pool_accuracy")
    report.notes.append(
        f"pool: {n_models} oracles of {task.name}, {path.name} k={path.k}; starting the workers is"
        " included, and so is reading what they wrote; engine ray starts a cluster in each turn"
        " unless RAY_ADDRESS names one"
    )
