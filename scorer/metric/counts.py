"""Epsilon of one attack from its error counts, and points from epsilons."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray

EPSILON_CAP = 50.0
BIN_WIDTH = 0.5


def epsilon_from_counts(
    false_positives: ArrayLike, false_negatives: ArrayLike, n_models: int, delta: float
) -> FloatArray:
    """Return the plug-in epsilon of attacks whose errors were counted.

    `max(log((1 - delta - FPR) / FNR), log((1 - delta - FNR) / FPR))`, at least 0. An attack
    without any error gives infinity; with errors on one side only it is discarded (nan), as an
    artefact of few models; so is one whose logarithms both have a negative argument.

    Args:
        false_positives: wrong members of the predicted set, in `[0, n_models]`.
        false_negatives: missed members, in `[0, n_models]`, any shape that broadcasts.
        n_models: models in each bank.
        delta: in `[0, 1)`.

    Returns:
        float64: epsilons >= 0, infinity or nan.

    Reference:
        Kairouz, Oh, Viswanath 2015 (arXiv 1311.0776); technical report of the NeurIPS 2023
        unlearning competition, equation 1 and algorithm 1.

    Example:
        >>> epsilon_from_counts([0, 0, 16], [0, 3, 16], 64, 0.0).round(4)
        array([   inf,    nan, 1.0986])
    """
    fpr = np.asarray(false_positives, dtype=np.float64) / n_models
    fnr = np.asarray(false_negatives, dtype=np.float64) / n_models
    # -delta under a logarithm is the discarded case; log 0 and 0/0 are sorted out below.
    with np.errstate(divide="ignore", invalid="ignore"):
        one_way = np.log(1.0 - delta - fpr) - np.log(fnr)
        other_way = np.log(1.0 - delta - fnr) - np.log(fpr)
    epsilons = np.maximum(np.fmax(one_way, other_way), 0.0)
    none_wrong = (fpr == 0) & (fnr == 0)
    one_sided = (fpr == 0) ^ (fnr == 0)
    return np.where(none_wrong, np.inf, np.where(one_sided, np.nan, epsilons))


def surviving_ratio(
    false_positives: np.ndarray, false_negatives: np.ndarray, budget: float
) -> FloatArray:
    """Return `exp(epsilon)` of attacks: inf without any error, -inf where discarded.

    Above 1 it equals `exp(epsilon_from_counts)`: of the two ratios the larger is the one divided by
    the smaller count. At or below 1, where epsilon is 0, only the order against 1 means anything.
    `budget` is `n_models * (1 - delta)`.
    """
    fewer = np.minimum(false_positives, false_negatives)
    more = np.maximum(false_positives, false_negatives)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (budget - more) / fewer
    ratio = np.where((fewer >= 1) & (fewer <= budget), ratio, -np.inf)
    return np.where(more == 0, np.inf, ratio)


def n_bins(n_models: int) -> int:
    """Return how many bins of width 0.5 earn points: they end at `ceil(log(n_models - 1))`."""
    return int(math.ceil(math.log(n_models - 1)) / BIN_WIDTH)


def points_from_epsilons(epsilons: ArrayLike, n_models: int) -> FloatArray:
    """Return points per example: `2 ** -floor(2 epsilon)`, 0 beyond the last bin.

    The last bin ends at `ceil(log(n_models - 1))`, so the number of bins grows with the number of
    models; with 2 models there is no bin and nobody earns a point.

    Args:
        epsilons: `(n_examples,)`, >= 0.
        n_models: models in each bank, at least 2.

    Returns:
        float64 `(n_examples,)` in `[0, 1]`.

    Reference:
        Technical report of the NeurIPS 2023 unlearning competition, section 4, where points are
        `2 / 2**n` with n counted from 1.

    Example:
        >>> points_from_epsilons([0.0, 0.5, 1.2, 50.0], 64)
        array([1.  , 0.5 , 0.25, 0.  ])
    """
    bins = np.floor(np.asarray(epsilons, dtype=np.float64) / BIN_WIDTH)
    return np.where(bins < n_bins(n_models), 0.5**bins, 0.0)
