"""How much is tried on each family of tasks: the same for every method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rung:
    """One round of the halving.

    Attributes:
        n_trials: that take part, with the file as it is.
        n_models: N of each, on each split.
        split_seeds: of the private splits; the public one, 0, is never among them.
    """

    n_trials: int
    n_models: int
    split_seeds: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """How much is tried on one family of tasks.

    Attributes:
        n_probes: runs by which the cost of a batch size is known before lengths are drawn.
        rungs: each with fewer trials than the one before, and more runs of them.
    """

    n_probes: int
    rungs: tuple[Rung, ...]


PLANS = {
    "digits": Plan(4, (Rung(24, 12, (1,)), Rung(6, 24, (1, 2)), Rung(3, 48, (1, 2)))),
    "fashion_mnist": Plan(2, (Rung(12, 6, (1,)), Rung(4, 12, (1,)), Rung(3, 16, (1,)))),
}
"""Meant for about two hours of two cores a task, all methods together. On fashion_mnist runs are
longer, a split has 1,000 examples to average over, and another would cost its own retrainings to
time runs against. Runs of earlier rounds on the same split count in later ones."""
