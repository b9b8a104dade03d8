"""How the cost grows: of the metric with models and examples, of the pool with workers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from scorer.bench._timing import Candidate, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.bench.metric import scoring, traced_peak_mib
from scorer.devices import visible_gpus
from scorer.engines import ENGINES, Engine, LocalEngine
from scorer.errors import ScorerError
from scorer.metric.rules import make_rule
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.outputs import Bank

MakeEngine = Callable[[int | None], Engine]


def measure(
    settings: Settings,
    *,
    n_models: Sequence[int] = (64, 128, 256, 512, 1024),
    n_examples: Sequence[int] = (100, 1000, 5000),
    fixed_examples: int = 1000,
    task: str = "digits",
    n_pool_models: int = 256,
    engines: Mapping[str, MakeEngine] = ENGINES,
    n_gpus: int | None = None,
) -> Report:
    """Time the metric over sizes, and the same pool with 1 and 2 workers of each engine.

    Where there are several GPUs the pool is trained on 1, 2, 4 and so on of them too.

    Args:
        settings: how many rounds.
        n_models: values of N in ascending order, at `fixed_examples`.
        n_examples: values of S in ascending order, at the smallest N.
        fixed_examples: S while N grows.
        task: of the pool.
        n_pool_models: trained in each turn.
        engines: by name.
        n_gpus: that are there; None to ask torch.
    """
    report = BENCH.report(settings)
    axes = {
        "models": {n: (n, fixed_examples) for n in n_models},
        "examples": {s: (n_models[0], s) for s in n_examples},
    }
    sizes = dict.fromkeys(size for axis in axes.values() for size in axis.values())
    candidates = {size: scoring(make_rule("competition"), *size) for size in sizes}
    turns = alternate(candidates, settings.rounds, on_round=settings.on_round)
    for (n, s), candidate in candidates.items():
        report.add(f"metric, N={n} S={s}", "s", turns[n, s].seconds, f"metric_{n}_{s}_s")
        report.add(f"metric, N={n} S={s}, peak", "MiB", traced_peak_mib(candidate.run))
    for what, axis in axes.items():
        (small, first), *_, (large, last) = axis.items()
        growth = turns[last].seconds / turns[first].seconds
        title = f"metric, {large / small:g} times the {what}"
        report.add(title, "times the time", growth, f"growth_with_{what}")
    report.notes.append(
        "metric: rule competition on simulated normal confidences; peak as in bench metric"
    )
    pool: dict[str, Any] = {"task": task, "n_models": n_pool_models}
    add_pools(report, settings, engines, (1, 2), **pool, device="cpu")
    found = len(visible_gpus()) if n_gpus is None else n_gpus
    numbers = gpu_numbers(found)
    if len(numbers) < 2:
        report.notes.append(f"pool on several GPUs: left out, this machine has {found or 'none'}")
    else:
        on_gpus = {"local": lambda n: LocalEngine(None, range(n or 1))}
        add_pools(report, settings, on_gpus, numbers, "GPU", **pool, device="cuda")
    return report


def gpu_numbers(n_gpus: int) -> tuple[int, ...]:
    """Return the numbers of GPUs that are compared: 1, 2, 4 and so on, and all that are there."""
    return tuple(sorted({2**power for power in range(n_gpus.bit_length())} | {n_gpus} - {0}))


def add_pools(
    report: Report,
    settings: Settings,
    engines: Mapping[str, MakeEngine],
    numbers: tuple[int, ...],
    unit: str = "worker",
    **pool: Any,
) -> None:
    """Add the time of the same pool trained by each number of workers, or GPUs, of each engine.

    Args:
        report: added to.
        settings: how many rounds, and which folders.
        engines: by name; one that cannot be made is left out, and the report says why.
        numbers: of workers or GPUs, which `engines` are called with, the smallest first.
        unit: "worker" or "GPU".
        pool: options that say which: task, device and number of models.
    """
    options = Options(cache_dir=settings.cache_dir, data_dir=settings.data_dir, **pool)
    opened, _ = open_pool(options, settings.progress)
    path, n_models = opened.path, options.n_models
    banks: dict[str, Bank] = {}

    def train(engine: Engine, n_units: int) -> None:
        for _ in range(n_units):
            with tempfile.TemporaryDirectory() as folder:
                empty = replace(opened, cache_dir=Path(folder))
                banks.update(empty.banks({"oracle": n_models}, engine))

    for name, make in engines.items():
        try:
            made = {n: Candidate(partial(train, make(n)), n_models) for n in numbers}
        except ScorerError as error:
            report.notes.append(f"pool, engine {name} left out: {error}")
            continue
        turns = alternate(made, settings.rounds, on_round=settings.on_round)
        titles = {n: f"pool, engine {name}, {n} {unit}{'s' * (n > 1)}" for n in numbers}
        on = "" if unit == "worker" else f"_{unit.lower()}"
        for n, title in titles.items():
            report.add(title, "s", turns[n].seconds, f"pool_{name}_{n}{on}_s")
        for n in numbers[1:]:
            faster = turns[n].rates / turns[numbers[0]].rates
            title = f"{titles[n]} over {numbers[0]}"
            report.add(title, "times faster", faster, f"pool_{name}_{n}{on}_ratio")
    accuracy, where = 100 * banks["oracle"].accuracy("test"), pool["device"]
    # The figure of the CPU has the name that it always had.
    title = "pool, test accuracy of its models" + f", {where}" * (where != "cpu")
    key = f"pool_accuracy{f'_{where}' * (where != 'cpu')}_percent"
    report.add(title, "%", accuracy, key)
    report.notes.append(
        f"pool on {where}: {n_models} oracles of {options.task}, {path.name} k={path.k}; starting"
        " the workers is included, and so is reading what they wrote; engine ray starts a cluster"
        " in each turn unless RAY_ADDRESS names one"
    )


BENCH = Bench("scaling", "cost against models, examples and workers, of each engine", measure)
