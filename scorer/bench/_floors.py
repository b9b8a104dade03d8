"""The least time that a step of training can take on a device: its arithmetic and its traffic.

Two floors, each from a count over a speed measured on the same device: operations over the speed
of a large bfloat16 matrix product, bytes over the speed of a large copy. No step is faster than
the slower of the two.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from scorer.bench._loops import product, repeat
from scorer.bench._timing import Candidate, Clock, Floats, alternate
from scorer.training.loop import ModelSeeds, TrainingSet, initial_model
from scorer.training.probe import loss_and_saved_bytes
from scorer.training.recipe import Recipe

PARAMETER_PASSES = {"sgd": 8, "adam": 10}
"""Times that memory as large as the weights is read or written in a step: weights forward, weights
backward, gradient written; the optimiser reads weight, gradient and momentum, writes weight and
momentum. Adam's second moment is read and written besides."""

ACTIVATION_PASSES = 2
"""What is kept for the way back is written once and read once."""

TURN_S = 0.2


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
    n_weights = sum(parameter.nbytes for parameter in net.parameters())
    traffic = PARAMETER_PASSES[recipe.optimizer] * n_weights
    traffic += ACTIVATION_PASSES * saved
    return StepCost(int(counter.get_total_flops()), traffic)


def measure_peaks(
    device: torch.device,
    rounds: int,
    *,
    matrix_size: int = 8192,
    copy_bytes: int = 2**30,
    turn_s: float = TURN_S,
    clock: Clock = time.perf_counter,
) -> tuple[Floats, Floats]:
    """Time a matrix product and a copy on a device, in turns.

    Args:
        device: where.
        rounds: turns of each.
        matrix_size: rows and columns of the square matrices.
        copy_bytes: size of the copied tensor.
        turn_s: about how long a turn takes.
        clock: of the wall.

    Returns:
        Operations a second of a bfloat16 product, a multiply-add counted as 2, and bytes a second
        read and written by a copy; one value a round.
    """
    source = torch.zeros(copy_bytes, dtype=torch.uint8, device=device)
    copy = partial(torch.empty_like(source).copy_, source)
    multiply = product(matrix_size, torch.bfloat16, device)
    candidates = {
        "product": Candidate(repeat(multiply, device), 2.0 * matrix_size**3),
        "copy": Candidate(repeat(copy, device), 2.0 * copy_bytes),
    }
    turns = alternate(candidates, rounds, turn_s, clock=clock)
    return turns["product"].rates, turns["copy"].rates
