"""Whether one example tells unlearned models from oracles: all exchanges of models at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, IntArray, check_banks
from scorer.metric.bounds import ks_p_values
from scorer.metric.pooled import pool

SMALLEST_P_VALUE = 1e-9
"""Below this the sums of the law are lost in rounding at N = 1024; smaller ones become this."""


def exchange_p_values(unlearned: ArrayLike, oracle: ArrayLike) -> FloatArray:
    """Return the p-value of a permutation test for every example.

    Twice the smaller of two p-values, one for each kind of attack: how many more models of one bank
    lie on one side of a threshold, where that is most (Kolmogorov and Smirnov), and how many more
    lie inside an interval, or outside it (Kuiper). The first sees a shift best, the second a spread
    or a hole. Under exchange of models between the banks the laws of both are known, so that no
    exchange has to be drawn. With ties p is too large, which is safe. Examples of the same models
    depend on each other, so these p-values do.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.

    Returns:
        float64 `(n_examples,)` in (0, 1].

    Raises:
        ValueError: a bank is malformed, see `scorer.metric.arrays.check_banks`.

    Reference:
        Kuiper 1960, Proc. KNAW A 63, for the second statistic.

    Example:
        >>> exchange_p_values([[0.0], [1.0], [2.0]], [[3.0], [4.0], [5.0]]).round(4)
        array([0.2])
    """
    banks = check_banks(unlearned, oracle)
    interval = advantage_p_values(len(banks[0]))[_advantages(*banks)]
    return np.minimum(2.0 * np.minimum(ks_p_values(*banks), interval), 1.0)


def advantage_p_values(n_models: int) -> FloatArray:
    """Return the chance that, under exchange, some interval holds `v` models more of one bank.

    Read in ascending order, two banks are a walk that goes up at a model of the one, down at a
    model of the other, and comes back to 0; `v` is how far its highest point lies above its lowest.
    Walks that span at most `r` steps are counted by the windows of `r` steps that hold them, less
    the windows of `r - 1`. All windows of one width together hold as many walks as the trace of a
    power of a path graph's adjacency: the sum of the powers of its eigenvalues, which are cosines.

    Args:
        n_models: N, of models in each bank.

    Returns:
        float64 `(n_models + 1,)`, falling from 1 to at least 1e-9; by `v`.

    Example:
        >>> advantage_p_values(2).round(4)
        array([1.    , 1.    , 0.6667])
    """
    # Of the 4**N walks, C(2N, N) come back to 0; integers, since logarithms cost four digits.
    scale = 4**n_models / math.comb(2 * n_models, n_models)
    in_windows = [0.0]
    for n_places in range(1, n_models + 1):
        angles = np.pi * np.arange(1, n_places + 1) / (n_places + 1)
        in_windows.append(float(scale * (np.cos(angles) ** (2 * n_models)).sum()))
    below = np.concatenate([[0.0], np.diff(in_windows)])
    return np.minimum.accumulate(np.clip(1.0 - below, SMALLEST_P_VALUE, 1.0))


def _advantages(unlearned: FloatArray, oracle: FloatArray) -> IntArray:
    """Return by how many models the banks differ most in one interval, per example."""
    pooled = pool(unlearned, oracle)
    n_examples, n_values = pooled.values.shape
    # Inside a block of equal values the walk has no order, so it is read where blocks begin.
    places = np.concatenate([pooled.block_start, np.full((n_examples, 1), n_values)], axis=1)
    walk = 2 * np.take_along_axis(pooled.first_before, places, axis=1) - places
    return np.asarray(walk.max(axis=1) - walk.min(axis=1), dtype=np.int64)
