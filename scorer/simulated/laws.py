"""Laws of one confidence whose epsilon is known, as pairs: unlearned models and oracles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import cauchy, expon, gumbel_r, laplace, logistic, norm, t, uniform

from scorer.metric.arrays import FloatArray

GRID = np.linspace(-12.0, 12.0, 2401)


class Law(NamedTuple):
    """Probabilities of the cells of `GRID`; inside a cell all values are equally likely.

    Nothing is rounded that way: these laws are what they are, and their epsilon is exact.
    """

    unlearned: FloatArray
    oracle: FloatArray

    def epsilon(self, delta: float) -> float:
        """Return the least epsilon for which both are (epsilon, delta)-indistinguishable.

        Infinite where no epsilon is large enough; `delta` must be above 0.
        """

        def excess(epsilon: float, one: FloatArray, other: FloatArray) -> float:
            return float(np.maximum(one - np.exp(epsilon) * other, 0.0).sum()) - delta

        found = []
        for pair in ((self.unlearned, self.oracle), (self.oracle, self.unlearned)):
            if excess(50.0, *pair) > 0.0:
                return np.inf
            found.append(brentq(excess, 0.0, 50.0, args=pair) if excess(0.0, *pair) > 0 else 0.0)
        return max(found)

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> list[FloatArray]:
        """Return a bank of unlearned models and one of oracles of a shape."""
        banks = []
        for weights in self:
            cells = np.searchsorted(np.cumsum(weights)[:-1], rng.random(shape), side="right")
            banks.append(GRID[cells] + rng.random(shape) * (GRID[1] - GRID[0]))
        return banks


def cells(law: object, *more: tuple[float, object]) -> FloatArray:
    """Return the probabilities of the grid's cells under a law of SciPy, or a mixture.

    Args:
        law: a frozen distribution.
        more: further parts of a mixture with their shares; what they leave is the first's.
    """
    shares = [1.0 - sum(share for share, _ in more), *(share for share, _ in more)]
    parts = [law, *(part for _, part in more)]
    weights = sum(
        share * np.diff(part.cdf(GRID))  # type: ignore[attr-defined]
        for share, part in zip(shares, parts, strict=True)
    )
    return np.asarray(weights / np.sum(weights))


def without_middle(half_width: float) -> FloatArray:
    """Return the standard normal law with the middle cut out."""
    weights = cells(norm()) * (np.abs(GRID[:-1]) >= half_width)
    return np.asarray(weights / weights.sum())


def coin(share: float) -> FloatArray:
    """Return a law of two far places, the share of one."""
    return cells(uniform(0.0, 1.0), (share, uniform(5.0, 1.0)))


NORMAL = cells(norm())

LAWS = {
    "one normal law": Law(NORMAL, NORMAL),
    "one Cauchy law": Law(cells(cauchy()), cells(cauchy())),
    "normal, shift 0.5": Law(cells(norm(0.5)), NORMAL),
    "normal, shift 1": Law(cells(norm(1.0)), NORMAL),
    "normal, shift 2": Law(cells(norm(2.0)), NORMAL),
    "normal, spread 0.5": Law(cells(norm(0.0, 0.5)), NORMAL),
    "normal, spread 0.7": Law(cells(norm(0.0, 0.7)), NORMAL),
    "normal, spread 2": Law(cells(norm(0.0, 2.0)), NORMAL),
    "normal, shift 0.5, spread 0.7": Law(cells(norm(0.5, 0.7)), NORMAL),
    "Laplace, shift 0.5": Law(cells(laplace(0.5)), cells(laplace())),
    "Laplace, shift 1": Law(cells(laplace(1.0)), cells(laplace())),
    "logistic, shift 1": Law(cells(logistic(1.0)), cells(logistic())),
    "Cauchy, shift 1": Law(cells(cauchy(1.0)), cells(cauchy())),
    "Gumbel, shift 0.5": Law(cells(gumbel_r(0.5)), cells(gumbel_r())),
    "Student t3, shift 0.5": Law(cells(t(3, 0.5)), cells(t(3))),
    "exponential, spread 1.5": Law(cells(expon(0.0, 1.5)), cells(expon())),
    "uniform, wider": Law(cells(uniform(0.0, 2.0)), cells(uniform(0.0, 2.0), (0.5, uniform()))),
    "coin, 0.4 against 0.2": Law(coin(0.4), coin(0.2)),
    "coin, 0.9 against 0.1": Law(coin(0.9), coin(0.1)),
    "leak in 0.2 of the runs": Law(cells(norm(), (0.2, norm(3.0))), NORMAL),
    "outliers in 0.05 of the runs": Law(cells(norm(), (0.05, norm(8.0, 0.5))), NORMAL),
    "hole in the middle": Law(without_middle(0.5), NORMAL),
}
