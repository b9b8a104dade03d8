"""The least time that many oracles can take on a given device: counted, nothing is timed."""

from __future__ import annotations

from collections.abc import Sequence

from scorer.bench._data import training_data
from scorer.bench._floors import step_cost
from scorer.bench.base import Bench, Report, Settings
from scorer.bench.gpu import GPU_TASKS
from scorer.tasks import TASKS

N_MODELS = 512
"""Oracles of the challenge's scorer."""

DEVICE = "an H200 (790 TFLOP/s, 4.3 TB/s)"
FLOPS_PER_S, BYTES_PER_S = 790e12, 4.3e12
"""Of a large bfloat16 matrix product and of a large copy, as measured on one."""


def count(settings: Settings, *, tasks: Sequence[str] = GPU_TASKS) -> Report:
    """Count operations and traffic of a pool of each task for a GPU."""
    report = BENCH.report(settings)
    for name in tasks:
        definition = TASKS[name]
        data, _ = training_data(definition, settings.data_dir, None)
        cost = step_cost(data, definition.recipe)
        n_steps = definition.recipe.n_steps(len(data))
        report.add(f"{name}, operations a model", "PFLOP", n_steps * cost.flops / 1e15)
        report.add(f"{name}, traffic a model", "TB", n_steps * cost.n_bytes / 1e12)
        for kind, seconds in cost.least_s(FLOPS_PER_S, BYTES_PER_S).items():
            minutes = N_MODELS * n_steps * seconds / 60
            title = f"{name}, {N_MODELS} models on {DEVICE}, {kind} alone"
            report.add(title, "min", minutes, f"{name}_{kind}_min")
    report.notes += [
        "counted from one step on this machine, a multiply-add as 2; nothing was timed, and no"
        " program reaches both speeds",
        "traffic: weights, gradients and optimiser state as often as a step reads or writes them,"
        " and what is kept for the way back, written and read once; as if no cache kept any of it",
        "a float32 recipe cannot reach the speed of a bfloat16 product",
    ]
    return report


BENCH = Bench("floors", "least time of 512 oracles on a GPU, counted and not timed", count)
