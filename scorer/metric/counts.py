"""Epsilon of an attack from its error counts, and points from epsilons."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray

EPSILON_CAP = 50.0
BIN_WIDTH = 0.5


def ratio_from_counts(
    false_positives: ArrayLike, false_negatives: ArrayLike, n_models: int, delta: float
) -> FloatArray:
    """Return `exp(epsilon)` of attacks whose errors were counted, before epsilon is cut at 0.

    Epsilon is `max(log((1 - delta - FPR) / FNR), log((1 - delta - FNR) / FPR))`. Of the two ratios
    the larger is the one divided by the smaller rate, so that only that one is computed. An attack
    without any error gives infinity; with errors on one side only it is discarded, as an artefact
    of few models; so is one whose logarithms both have a negative argument.

    Args:
        false_positives: wrong members of the predicted set, in `[0, n_models]`.
        false_negatives: missed members, in `[0, n_models]`, any shape that broadcasts.
        n_models: models in each bank.
        delta: in `[0, 1)`.

    Returns:
        float64; infinity without any error, -infinity where the attack is discarded.

    Reference:
        Kairouz, Oh, Viswanath 2015 (arXiv 1311.0776); technical report of the NeurIPS 2023
        unlearning competition, equation 1 and algorithm 1.

    Example:
        >>> ratio_from_counts([0, 0, 16], [0, 3, 16], 64, 0.0)
        array([ inf, -inf,   3.])
    """
    fewer = np.minimum(false_positives, false_negatives)
    more = np.maximum(false_positives, false_negatives)
    n_counted = n_models * (1.0 - delta)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (n_counted - more) / fewer
    ratio = np.where((fewer >= 1) & (fewer <= n_counted), ratio, -np.inf)
    return np.where(more == 0, np.inf, ratio)


def epsilon_from_ratio(ratio: ArrayLike) -> FloatArray:
    """Return the epsilon of the strongest attack on each example.

    Args:
        ratio: its `ratio_from_counts`; -infinity where no attack survived.

    Returns:
        float64 in `[0, 50]`; the cap of 50 where no attack survived, which earns no points.

    Example:
        >>> epsilon_from_ratio([0.5, 3.0, np.inf, -np.inf]).round(4)
        array([ 0.    ,  1.0986, 50.    , 50.    ])
    """
    ratios = np.asarray(ratio, dtype=np.float64)
    epsilons = np.minimum(np.log(np.maximum(ratios, 1.0)), EPSILON_CAP)
    return np.where(np.isneginf(ratios), EPSILON_CAP, epsilons)


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
