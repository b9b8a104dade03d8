"""How many steps of training models need to a loss, and whether two groups need equally many."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_positive
from scorer.metric.draws import p_value, permutations


def steps_to_reach(losses: ArrayLike, target: ArrayLike, *, tolerance: float = 0.0) -> FloatArray:
    """Return the first step at which each model's loss is that of its target or less.

    Args:
        losses: `(n_models, n_steps + 1)`, before the first step and after each.
        target: `(n_models,)`.
        tolerance: share of the target that a loss may be above it.

    Returns:
        float64 `(n_models,)` whole numbers from 0 to `n_steps`; infinity where no step gets there.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> steps_to_reach([[3.0, 2.0, 1.0], [0.5, 0.4, 0.3], [3.0, 3.0, 3.0]], [2.0, 0.5, 2.0])
        array([ 1.,  0., inf])
    """
    curves, bounds = np.asarray(losses, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if curves.ndim != 2 or bounds.shape != curves.shape[:1] or not curves.shape[1]:
        raise ValueError(
            "`losses` must have shape (n_models, n_steps + 1) and `target` (n_models,), got"
            f" {curves.shape} and {bounds.shape}"
        )
    is_there = curves <= (1.0 + tolerance) * bounds[:, np.newaxis]
    return np.where(is_there.any(axis=1), is_there.argmax(axis=1), np.inf)


def rank_p_value(
    first: ArrayLike, second: ArrayLike, *, n_permutations: int = 999, seed: int = 0
) -> float:
    """Return the p-value of the hypothesis that two groups of models are of one law, two-sided.

    The statistic is the difference of the mean ranks among all, so that infinity is a number like
    others: as large as any. The groups are exchanged at random (Wilcoxon, Mann and Whitney).

    Args:
        first: `(n_first,)`, one number a model, none of them nan.
        second: `(n_second,)`.
        n_permutations: at least 1; the smallest p-value is `1 / (n_permutations + 1)`.
        seed: of the exchanges.

    Raises:
        ValueError: a group is empty or holds nan, or no permutation.
    """
    # Imported here because it takes a second, and whoever reads records comes by.
    from scipy.stats import rankdata

    groups = [np.asarray(group, dtype=np.float64) for group in (first, second)]
    for name, group in zip(("first", "second"), groups, strict=True):
        if group.ndim != 1 or not group.size or np.isnan(group).any():
            raise ValueError(f"`{name}` must be one number a model and no nan, got {group}")
    check_positive("n_permutations", n_permutations)
    ranks = rankdata(np.concatenate(groups))
    n_first = groups[0].size
    orders = permutations(np.random.default_rng(seed), ranks.size, n_permutations)
    observed = abs(_difference(ranks[np.newaxis], n_first)[0])
    # Rounding must not make an exchange of equal models look smaller than what was observed.
    return p_value(np.abs(_difference(ranks[orders], n_first)) >= observed - 1e-9)


def _difference(ranks: FloatArray, n_first: int) -> FloatArray:
    """Return how much larger the first ranks of each row are than the rest, in the mean."""
    return np.asarray(ranks[:, :n_first].mean(axis=1) - ranks[:, n_first:].mean(axis=1))
