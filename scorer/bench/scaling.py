"""How the cost grows: of the metric with models and examples, of the pool with workers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import torch

from scorer.bench.base import Bench, Settings
from scorer.bench.metric import simulated_banks, traced_peak_mib
from scorer.bench.ray_nodes import RayClusters, why_no_ray
from scorer.bench.report import Report
from scorer.bench.timing import Candidate, alternate, ratios
from scorer.engines import Engine, make_engine
from scorer.errors import ScorerError
from scorer.metric.rules import Rule, make_rule
from scorer.oracles.pool import Pool
from scorer.tasks.load import load_task
from scorer.tasks.task import Task
from scorer.training.paths import TrainingPath, choose_path

N_MODELS = (64, 128, 256, 512, 1024)
N_EXAMPLES = (100, 1000, 5000)
FIXED_EXAMPLES = 1000
N_POOL_MODELS = 256
TASK = "digits"
WORKERS = (1, 2)


def measure(
    settings: Settings,
    *,
    n_models: Sequence[int] = N_MODELS,
    n_examples: Sequence[int] = N_EXAMPLES,
    fixed_examples: int = FIXED_EXAMPLES,
    task_name: str = TASK,
    n_pool_models: int = N_POOL_MODELS,
    with_ray: bool = True,
) -> Report:
    """Time the metric over sizes, and the same pool with 1 and 2 workers, locally and on Ray.

    Args:
        settings: how many rounds.
        n_models: values of N, at `fixed_examples`.
        n_examples: values of S, at the smallest N.
        fixed_examples: S while N grows.
        task_name: of the pool.
        n_pool_models: trained in each turn.
        with_ray: use Ray where it is installed.
    """
    report = Report("scaling", BENCH.command("", settings.rounds))
    sizes = [(n, fixed_examples) for n in n_models]
    sizes += [(n_models[0], s) for s in n_examples if (n_models[0], s) not in sizes]
    _measure_metric(settings, report, sizes)
    _measure_pool(settings, report, task_name, n_pool_models, with_ray)
    return report


def _measure_metric(settings: Settings, report: Report, sizes: list[tuple[int, int]]) -> None:
    """Add time and memory of rule `competition` at each size."""
    rule = make_rule("competition")
    candidates = [_scoring(rule, n, s) for n, s in sizes]
    turns = alternate(
        candidates,
        settings.rounds,
        turn_s=0.0,
        on_round=lambda done: settings.progress("bench", done, 2 * settings.rounds),
    )
    report.values["metric"] = []
    for (n, s), each in zip(sizes, turns, strict=True):
        elapsed_s = report.add(f"metric, N={n} S={s}", "s", list(each.seconds))
        peak_mib = report.add(f"metric, N={n} S={s}, peak", "MiB", [_peak_mib(rule, n, s)])
        size = {"n_models": n, "n_examples": s, "elapsed_s": elapsed_s, "peak_mib": peak_mib}
        report.values["metric"].append(size)
    for axis, what, key in ((0, "models", "n_models"), (1, "examples", "n_examples")):
        along = [i for i, size in enumerate(sizes) if size[1 - axis] == sizes[0][1 - axis]]
        small, large = (f(along, key=lambda i: sizes[i][axis]) for f in (min, max))
        growth = [b / a for a, b in zip(turns[small].seconds, turns[large].seconds, strict=True)]
        times = sizes[large][axis] / sizes[small][axis]
        name = f"metric, {times:g} times the {what}"
        report.add(name, "times the time", growth, f"growth_with_{key}")
    report.notes.append(
        "metric: rule competition on simulated normal confidences; peak as in bench metric"
    )


def _scoring(rule: Rule, n_models: int, n_examples: int) -> Candidate:
    """Return one evaluation of a rule as a unit of work."""
    unlearned, oracle = simulated_banks(n_models, n_examples)

    def run(n_units: int) -> None:
        for _ in range(n_units):
            rule.epsilons(unlearned, oracle)

    return Candidate(f"N={n_models} S={n_examples}", run)


def _peak_mib(rule: Rule, n_models: int, n_examples: int) -> float:
    """Return the memory of one evaluation."""
    return traced_peak_mib(rule, *simulated_banks(n_models, n_examples))


def _measure_pool(
    settings: Settings, report: Report, task_name: str, n_models: int, with_ray: bool
) -> None:
    """Add the time of the same pool with 1 and 2 workers of each engine."""
    task = load_task(
        task_name,
        split_seed=0,
        data_dir=settings.data_dir,
        cache_dir=settings.cache_dir,
        engine=make_engine("local", None),
        device="cpu",
        progress=settings.progress,
    )
    data = task.training_set("retain", torch.device("cpu"))
    path = choose_path(data, task.definition.recipe, settings.cache_dir)
    candidates = [
        Candidate(
            f"local, {n} worker{'s' * (n > 1)}",
            _growing(task, path, "local", n, n_models),
            n_models,
        )
        for n in WORKERS
    ]
    reason = why_no_ray() if with_ray else "skipped: Ray was not asked for"
    with ExitStack() as stack:
        if reason is None:
            clusters = stack.enter_context(RayClusters(WORKERS))
            candidates += [
                Candidate(
                    f"Ray, {n} node{'s' * (n > 1)}",
                    _growing(task, path, "ray", n, n_models),
                    n_models,
                    before=partial(clusters.choose, n),
                )
                for n in WORKERS
            ]
        else:
            report.notes.append(f"pool on Ray {reason}")
        rounds = settings.rounds
        turns = alternate(
            candidates,
            rounds,
            turn_s=0.0,
            on_round=lambda done: settings.progress("bench", rounds + done, 2 * rounds),
        )
    report.values["pool"] = {}
    for candidate, each in zip(candidates, turns, strict=True):
        seconds = report.add(f"pool, {candidate.name}", "s", list(each.seconds))
        report.values["pool"][candidate.name] = seconds
    report.add(
        "pool, 2 local workers over 1",
        "times faster",
        ratios(turns[1], turns[0]),
        "ratio_2_workers",
    )
    if reason is None:
        faster = ratios(turns[3], turns[2])
        report.add("pool, 2 Ray nodes over 1", "times faster", faster, "ratio_2_ray_nodes")
    report.notes.append(
        f"pool: {n_models} oracles of {task_name}, {path.name} k={path.k}, one thread a process;"
        " starting the workers is included, so is joining a Ray cluster; starting its nodes is not"
    )


def _growing(
    task: Task, path: TrainingPath, engine_name: str, n_workers: int, n_models: int
) -> Callable[[int], None]:
    """Return a function that trains a pool from nothing, and forgets it."""

    def run(n_units: int) -> None:
        for _ in range(n_units):
            engine: Engine = make_engine(engine_name, n_workers)
            with tempfile.TemporaryDirectory() as folder:
                pool = Pool(task, path, "cpu", Path(folder))
                pool.ensure({"oracle": n_models}, engine)
                missing = pool.store("oracle").missing(n_models)
            if missing:
                raise ScorerError(f"engine {engine_name} left {len(missing)} models untrained")

    return run


BENCH = Bench("scaling", "cost against models, examples and workers, on Ray too", measure)
