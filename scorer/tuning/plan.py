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
        design: of the runs, which share several originals, so that what is best for one is not
            taken for best.
        n_probes: runs by which the cost of a batch size is known before lengths are drawn.
        rungs: each with fewer trials than the one before, and more runs of them.
    """

    design: str
    n_probes: int
    rungs: tuple[Rung, ...]


PLANS = {
    "digits": Plan("reuse-8", 4, (Rung(24, 8, (1,)), Rung(6, 16, (1, 2)), Rung(3, 32, (1, 2)))),
    "fashion_mnist": Plan("reuse-4", 2, (Rung(8, 4, (1,)), Rung(3, 8, (1,)))),
}
"""Less is tried on fashion_mnist: runs are longer, a split has more examples to average over, and
another would cost its own retrainings to time runs against. Runs of earlier rounds on the same
split count in later ones."""
