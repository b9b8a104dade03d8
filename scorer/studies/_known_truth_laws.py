"""The laws of study `known_truth`: those of simulations, and some that are odder."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import expon, norm

from scorer.metric.arrays import FloatArray
from scorer.simulated.laws import GRID, LAWS, NORMAL, Law, cells

CELLS_A_UNIT = 100
"""Of the grid."""


class Case(NamedTuple):
    """A law of pairs of banks whose epsilon is known.

    Attributes:
        law: that is drawn from.
        seen: what becomes of the draws before anything looks at them.
        truth: law of what is seen, for its epsilon.
    """

    law: Law
    seen: Callable[[FloatArray], FloatArray]
    truth: Law


def _rounded(law: Law) -> Case:
    """Return a law whose draws are rounded down to whole numbers, so that most are tied."""

    def merged(weights: FloatArray) -> FloatArray:
        whole = np.zeros_like(weights)
        whole[::CELLS_A_UNIT] = weights.reshape(-1, CELLS_A_UNIT).sum(axis=1)
        return whole

    return Case(law, np.floor, Law(merged(law.unlearned), merged(law.oracle)))


def _as_drawn(law: Law) -> Case:
    return Case(law, np.asarray, law)


def _one_cell() -> FloatArray:
    """Return a law of nearly one value: runs that all end in one network."""
    weights = np.zeros(len(GRID) - 1)
    weights[len(weights) // 2] = 1.0
    return weights


SKEWED = cells(expon(-1.0))

CASES: dict[str, Case] = {
    **{name: _as_drawn(law) for name, law in LAWS.items()},
    "constant": _as_drawn(Law(_one_cell(), NORMAL)),
    "flip of a skewed law": _as_drawn(Law(SKEWED[::-1], SKEWED)),
    "ties: one law, rounded": _rounded(Law(NORMAL, NORMAL)),
    "ties: shift 1, rounded": _rounded(Law(cells(norm(1.0)), NORMAL)),
}

NOTHING = ("one normal law", "one Cauchy law", "ties: one law, rounded")
"""Where unlearned models and oracles are of one law."""
