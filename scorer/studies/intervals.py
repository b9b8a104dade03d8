"""Numbers with their 95 % intervals, of the few kinds that studies need."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from scorer.errors import ScorerError
from scorer.studies.findings import Number

LEVEL = 0.95
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))
MIN_PAIRS = 4


def mean_of(values: ArrayLike, of: str, unit: str = "") -> Number:
    """Return the mean of independent values, with Student's interval.

    Args:
        values: `(n,)`, at least two.
        of: what they are values of, in the plural.
        unit: of the values.

    Raises:
        ScorerError: fewer than two values.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < 2:
        raise ScorerError(f"an interval of a mean needs at least 2 {of}, got shape {array.shape}")
    mean = float(array.mean())
    half = float(stats.t.ppf(0.5 + LEVEL / 2, array.size - 1) * stats.sem(array))
    return Number(mean, mean - half, mean + half, array.size, of, unit, "Student's t")


def from_error(
    value: float, standard_error: float, n: int, of: str, unit: str = "", *, best_of: int = 1
) -> Number:
    """Return a number with a standard error of its own, taken as normal.

    Args:
        value: the estimate.
        standard_error: of it.
        n: how many things it was estimated from.
        of: what these are, in the plural.
        unit: of the value.
        best_of: among how many it was chosen by its own value, for all of which the interval is
            then widened.
    """
    half = float(stats.norm.ppf(1 - (1 - LEVEL) / 2 / best_of)) * standard_error
    widened = f", Bonferroni over {best_of}" if best_of > 1 else ""
    interval = f"normal, from a standard error{widened}"
    return Number(value, value - half, value + half, n, of, unit, interval)


def share_of(count: int, n: int, of: str) -> Number:
    """Return a share, with the interval of Clopper and Pearson."""
    found = stats.binomtest(count, n).proportion_ci(LEVEL, method="exact")
    return Number(count / n, float(found.low), float(found.high), n, of, "", "Clopper-Pearson")


def rank_correlation(x: ArrayLike, y: ArrayLike, of: str) -> Number:
    """Return Spearman's correlation, with Fisher's interval and the variance of Bonett and Wright.

    Args:
        x: `(n,)`, at least four values that are not all equal.
        y: likewise.
        of: what the pairs are of, in the plural.

    Raises:
        ScorerError: too few pairs, or one side is constant.

    Reference:
        Bonett and Wright 2000, Psychometrika 65(1), equation 4.
    """
    pairs = [np.asarray(each, dtype=np.float64) for each in (x, y)]
    n = pairs[0].size
    if pairs[0].shape != pairs[1].shape or n < MIN_PAIRS or min(map(np.ptp, pairs)) == 0:
        raise ScorerError(
            f"a rank correlation needs at least {MIN_PAIRS} pairs of {of} that differ on both"
            f" sides, got shapes {pairs[0].shape} and {pairs[1].shape}"
        )
    # A perfect one has no place on Fisher's scale; it is taken as the next number below.
    found = float(np.clip(stats.spearmanr(*pairs).statistic, -1.0, 1.0))
    place = np.arctanh(np.clip(found, -1 + 1e-9, 1 - 1e-9))
    half = Z * np.sqrt((1.0 + found**2 / 2.0) / (n - 3))
    low, high = np.tanh([place - half, place + half])
    return Number(found, min(float(low), found), max(float(high), found), n, of, "", "Fisher")


def auc(positives: ArrayLike, negatives: ArrayLike) -> np.ndarray:
    """Return the share of pairs that are in the right order, ties counted half.

    Args:
        positives: `(..., n)` scores, higher for what is sought.
        negatives: `(..., m)`, with the same axes before the last.

    Returns:
        float64 `(...)` in [0, 1].
    """
    high, low = np.asarray(positives), np.asarray(negatives)
    n, m = high.shape[-1], low.shape[-1]
    ranks = stats.rankdata(np.concatenate([high, low], axis=-1), axis=-1)[..., :n]
    return np.asarray((ranks.sum(axis=-1) - n * (n + 1) / 2) / (n * m))
