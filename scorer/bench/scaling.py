"""How the cost grows: of the metric with models and examples, of the pool with workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scorer.bench._pools import MakeEngine, add_pools
from scorer.bench._rules import scoring, traced_peak_mib
from scorer.bench._timing import alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.engines import ENGINES
from scorer.metric.rules import make_rule
from scorer.pipeline import Options

N_MODELS = (64, 128, 256, 512, 1024)
N_EXAMPLES = (100, 1000, 5000)
FIXED_EXAMPLES = 1000
N_POOL_MODELS = 256
TASK = "digits"


def measure(
    settings: Settings,
    *,
    n_models: Sequence[int] = N_MODELS,
    n_examples: Sequence[int] = N_EXAMPLES,
    fixed_examples: int = FIXED_EXAMPLES,
    task: str = TASK,
    n_pool_models: int = N_POOL_MODELS,
    engines: Mapping[str, MakeEngine] = ENGINES,
) -> Report:
    """Time the metric over sizes, and the same pool with 1 and 2 workers of each engine.

    Args:
        settings: how many rounds.
        n_models: values of N in ascending order, at `fixed_examples`.
        n_examples: values of S in ascending order, at the smallest N.
        fixed_examples: S while N grows.
        task: of the pool.
        n_pool_models: trained in each turn.
        engines: by name.
    """
    report = BENCH.report(settings)
    axes = {
        "models": {n: (n, fixed_examples) for n in n_models},
        "examples": {s: (n_models[0], s) for s in n_examples},
    }
    rule = make_rule("competition")
    sizes = list(dict.fromkeys(size for axis in axes.values() for size in axis.values()))
    candidates = [scoring(rule, *size) for size in sizes]
    turns = alternate(candidates, settings.rounds, 0.0, on_round=settings.on_round)
    seconds = {size: own.seconds for size, own in zip(sizes, turns, strict=True)}
    for (n, s), candidate in zip(sizes, candidates, strict=True):
        report.add(f"metric, N={n} S={s}", "s", seconds[n, s], f"metric_{n}_{s}_s")
        report.add(f"metric, N={n} S={s}, peak", "MiB", traced_peak_mib(candidate.run))
    for what, axis in axes.items():
        (small, first), *_, (large, last) = axis.items()
        title = f"metric, {large / small:g} times the {what}"
        report.add(title, "times the time", seconds[last] / seconds[first], f"growth_with_{what}")
    report.notes.append(
        "metric: rule competition on simulated normal confidences; peak as in bench metric"
    )
    folders = settings.cache_dir, settings.data_dir, settings.cache_dir
    options = Options(*folders, task=task, n_models=n_pool_models, device="cpu")
    add_pools(report, settings, options, engines, (1, 2))
    return report


BENCH = Bench("scaling", "cost against models, examples and workers, of each engine", measure)
