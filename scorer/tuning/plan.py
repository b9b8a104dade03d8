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


PLANS = {
    "digits": (Rung(24, 8, (1,)), Rung(8, 16, (1, 2)), Rung(3, 64, (1, 2))),
    "fashion_mnist": (Rung(16, 4, (1,)), Rung(5, 8, (1,)), Rung(3, 12, (1, 2))),
}
"""Sized so that all methods together take about two hours of two cores on each task: a method
takes some 670 runs of 0.3 core-seconds on digits, some 140 of 2.5 on fashion_mnist. Runs of
earlier rounds on the same split count in later ones."""

N_PROBES = 2
"""Runs by which the cost of a batch size is known before lengths are drawn; the least there are."""
