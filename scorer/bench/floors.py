"""The least time that many oracles can take on a given device: counted, nothing is timed.

A step of training has two floors, each a count over a speed of the device: operations over the
speed of a large bfloat16 matrix product, bytes over the speed of a large copy. No step is faster
than the slower of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch.utils.flop_counter import FlopCounterMode

from scorer.bench._loops import training_data
from scorer.bench.base import Bench, Report, Settings
from scorer.tasks import TASKS
from scorer.training.loop import ModelSeeds, TrainingSet, initial_model
from scorer.training.probe import loss_and_saved_bytes
from scorer.training.recipe import Recipe

GPU_TASKS = ("cifar10", "cifar10-resnet18")

N_MODELS = 512
"""Oracles of the challenge's scorer."""

DEVICE = "an H200 (790 TFLOP/s, 4.3 TB/s)"
FLOPS_PER_S, BYTES_PER_S = 790e12, 4.3e12
"""Of a large bfloat16 matrix product and of a large copy, as measured on one."""

PARAMETER_PASSES = {"sgd": 8, "adam": 10}
"""Times that memory as large as the weights is read or written in a step: weights forward, weights
backward, gradient written; the optimiser reads weight, gradient and momentum, writes weight and
momentum. Adam's second moment is read and written besides."""

ACTIVATION_PASSES = 2
"""What is kept for the way back is written once and read once."""

NOTES = (
    "counted from one step on this machine, a multiply-add as 2; nothing was timed, and no"
    " program reaches both speeds",
    "traffic: weights, gradients and optimiser state as often as a step reads or writes them,"
    " and what is kept for the way back, written and read once; as if no cache kept any of it",
    "a float32 recipe cannot reach the speed of a bfloat16 product",
)


@dataclass(frozen=True)
class StepCost:
    """What one step of one model takes.

    Attributes:
        flops: operations forward and backward, a multiply-add counted as 2.
        n_bytes: the least traffic with memory, see `PARAMETER_PASSES` and `ACTIVATION_PASSES`.
    """

    flops: int
    n_bytes: int

    def least_s(self, flops_per_s: float, bytes_per_s: float) -> dict[str, float]:
        """Return the seconds that "arithmetic" and "traffic" take alone, at such speeds."""
        return {"arithmetic": self.flops / flops_per_s, "traffic": self.n_bytes / bytes_per_s}


def step_cost(data: TrainingSet, recipe: Recipe) -> StepCost:
    """Count operations and bytes of one step by running one, optimiser left out.

    Args:
        data: on the device.
        recipe: its architecture, batch size and dtype are used.
    """
    net = initial_model(data, recipe, ModelSeeds(0, 0, 0))
    with FlopCounterMode(display=False) as counter:
        loss, saved = loss_and_saved_bytes(net, data, recipe)
        loss.backward()
    weights = sum(parameter.nbytes for parameter in net.parameters())
    n_bytes = PARAMETER_PASSES[recipe.optimizer] * weights + ACTIVATION_PASSES * saved
    return StepCost(int(counter.get_total_flops()), n_bytes)


def count(settings: Settings, *, tasks: Sequence[str] = GPU_TASKS) -> Report:
    """Count operations and traffic of a pool of each task for a GPU."""
    report = BENCH.report(settings)
    for name in tasks:
        recipe = TASKS[name].recipe
        data, _ = training_data(TASKS[name], settings.data_dir)
        cost, n_steps = step_cost(data, recipe), recipe.n_steps(len(data))
        report.add(f"{name}, operations a model", "PFLOP", n_steps * cost.flops / 1e15)
        report.add(f"{name}, traffic a model", "TB", n_steps * cost.n_bytes / 1e12)
        for kind, seconds in cost.least_s(FLOPS_PER_S, BYTES_PER_S).items():
            title = f"{name}, {N_MODELS} models on {DEVICE}, {kind} alone"
            minutes = N_MODELS * n_steps * seconds / 60
            report.add(title, "min", minutes, f"{name}_{kind}_min")
    report.notes += NOTES
    return report


BENCH = Bench("floors", "least time of 512 oracles on a GPU, counted and not timed", count)
