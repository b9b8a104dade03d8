"""Fitting the mixture: where the classes lie follows from their overlaps, the rest is searched.

The search is the cross-entropy method: candidates are drawn from a normal law, what they show is
simulated, and the law is narrowed to the best of them, round by round. It needs no derivatives, is
the same for the same seed, and all candidates of a round are computed at once.

Reference: R. Rubinstein 1999, Methodology and Computing in Applied Probability 1(2), 127-190.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import optimize
from scipy.spatial.distance import pdist, squareform
from scipy.special import expit, logit, ndtri

from data_prep.plane import Mixture

LEAST_OVERLAP = 1e-3
"""Overlaps below are not told from nothing: such classes need only be as far apart as it says."""

STARTS = 32
"""Random arrangements of the classes that are improved; the best is taken."""

SCALE = {"spread": (np.log, np.exp), "stray_share": (logit, expit),
         "stray_spread": (np.log, np.exp), "reach": (logit, expit)}  # fmt: skip
"""What is searched, and the scale on which the normal law lives: there, and back."""

START = {"spread": (0.9, 0.3), "stray_share": (0.03, 0.7), "stray_spread": (1.5, 0.5),
         "reach": (0.5, 1.0)}  # fmt: skip
"""Mean, as itself, and standard deviation, on its scale, of the first law."""

SMALL = 0.01
"""Added to what differences of traits are divided by, since some traits are near 0."""

DIGITS = 4
"""Of parameters that are kept."""


def arrange(overlaps: np.ndarray) -> np.ndarray:
    """Return places of the classes `(n_classes, 2)`, centred, whose distances follow from overlaps.

    Two normal classes of standard deviation 1 that lie d apart are each taken for the other with
    probability Phi(-d / 2), so that an overlap asks for a distance. Ten classes in a plane cannot
    all have theirs; the squared differences are made as small as they get.

    Args:
        overlaps: `(n_classes, n_classes)` probability that examples of i are given for j.
    """
    n = len(overlaps)
    mutual = squareform(np.clip((overlaps + overlaps.T) / 2, 0.0, 0.5), checks=False)
    wanted = -2.0 * ndtri(np.maximum(mutual, LEAST_OVERLAP))
    is_bound = mutual < LEAST_OVERLAP

    def stress(flat: np.ndarray) -> tuple[float, np.ndarray]:
        places = flat.reshape(n, 2)
        apart = np.maximum(pdist(places), 1e-9)
        error = apart - wanted
        error[is_bound & (error > 0)] = 0.0
        pull = squareform(2.0 * error / apart)
        slope = pull.sum(axis=1, keepdims=True) * places - pull @ places
        return float((error**2).sum()), slope.ravel()

    rng = np.random.default_rng(0)
    starts = rng.normal(scale=wanted.mean(), size=(STARTS, 2 * n))
    ends = [optimize.minimize(stress, each, jac=True, method="L-BFGS-B") for each in starts]
    best = min(ends, key=lambda end: float(end.fun)).x.reshape(n, 2)
    return np.asarray(best - best.mean(axis=0))


def mixture_of(overlaps: np.ndarray, centres: np.ndarray, values: Mapping[str, float]) -> Mixture:
    """Return the mixture of searched values, all of it rounded to what is kept.

    Args:
        overlaps: strays go towards the classes that theirs is taken for.
        centres: from `arrange`.
        values: of what is searched.
    """
    towards = overlaps * (1.0 - np.eye(len(overlaps)))
    towards = np.round(towards / towards.sum(axis=1, keepdims=True), DIGITS)
    # What rounding leaves goes to the largest, so that rows still sum to 1.
    rows = np.arange(len(towards))
    largest = towards.argmax(axis=1)
    towards[rows, largest] += 1.0 - towards.sum(axis=1)
    rounded = {name: float(f"{value:.{DIGITS}g}") for name, value in values.items()}
    return Mixture(np.round(centres, DIGITS), np.round(towards, DIGITS), **rounded)


def distance(traits: Mapping[str, float], wanted: Mapping[str, float]) -> float:
    """Return how far traits are from those wanted: the sum of squared relative differences."""
    return sum(((traits[name] - want) / (abs(want) + SMALL)) ** 2 for name, want in wanted.items())


def search(
    shown: Callable[[Sequence[dict[str, float]]], Sequence[float]],
    n_rounds: int,
    n_candidates: int,
    n_best: int,
) -> tuple[dict[str, float], list[float]]:
    """Return the values at the mean of the last law, and the least distance of each round.

    Args:
        shown: returns the distance of each candidate.
        n_rounds: in which the law is narrowed.
        n_candidates: of a round.
        n_best: of them that the next law is taken from.
    """
    mean = np.array([SCALE[name][0](START[name][0]) for name in SCALE])
    spread = np.array([START[name][1] for name in SCALE])
    rng = np.random.default_rng(0)
    least = []
    for _ in range(n_rounds):
        drawn = mean + spread * rng.standard_normal((n_candidates, len(SCALE)))
        found = np.asarray(shown([values_at(each) for each in drawn]))
        best = drawn[np.argsort(found, kind="stable")[:n_best]]
        mean, spread = best.mean(axis=0), best.std(axis=0, ddof=1)
        least.append(float(found.min()))
    return values_at(mean), least


def values_at(place: np.ndarray) -> dict[str, float]:
    """Return the values of what is searched at a place of the normal law."""
    return {name: float(SCALE[name][1](each)) for name, each in zip(SCALE, place, strict=True)}
