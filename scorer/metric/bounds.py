"""What is certain about epsilon: lower confidence bounds and p-values for single examples."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta, false_discovery_control, ks_2samp

from scorer.metric.arrays import BoolArray, FloatArray, IntArray, check_banks, check_fraction
from scorer.metric.pooled import Pooled, pool

MIN_SPLIT_MODELS = 4
# A third of the models chooses an attack among the intervals between this many pooled quantiles,
# two thirds certify it: of the shares and numbers tried, these certify most of an ordinary shift.
_CHOOSING_PART = 3
_N_QUANTILES = 16
_EXAMPLES_PER_PIECE = 128


@dataclass(frozen=True, eq=False)
class LowerBounds:
    """Certified epsilon of every example and the attack that certifies it.

    Attributes:
        epsilons_lb: float64 `(n_examples,)`, >= 0; 0 means "cannot tell", not "forgotten".
        oracle_inside: bool `(n_examples,)`: the attack predicts the oracle in `[low, high]`.
        low: float64 `(n_examples,)`, -inf where there is no lower threshold.
        high: float64 `(n_examples,)`, inf where there is no upper threshold.
    """

    epsilons_lb: FloatArray
    oracle_inside: BoolArray
    low: FloatArray
    high: FloatArray


def clopper_pearson_upper(errors: ArrayLike, n_trials: int, significance: float) -> FloatArray:
    """Return the one-sided upper Clopper-Pearson bound of an error rate.

    Args:
        errors: counts in `[0, n_trials]`, any shape.
        n_trials: at least 1.
        significance: chance in (0, 1) that the bound is below the true rate, at most.

    Returns:
        float64 rates in (0, 1], of the shape of `errors`; 1 where all trials are errors.

    Raises:
        ValueError: counts out of range, or significance not in (0, 1).

    Reference:
        Clopper and Pearson 1934, Biometrika 26(4).

    Example:
        >>> clopper_pearson_upper([0, 10], 10, 0.05).round(4)
        array([0.2589, 1.    ])
    """
    check_fraction("significance", significance)
    counts = np.asarray(errors, dtype=np.float64)
    if counts.size and (counts.min() < 0 or counts.max() > n_trials):
        raise ValueError(
            f"`errors` must be in [0, {n_trials}], got values from {counts.min()} to {counts.max()}"
        )
    failures = np.maximum(n_trials - counts, 1.0)
    bound = beta.ppf(1.0 - significance, np.minimum(counts + 1.0, n_trials), failures)
    return np.where(counts == n_trials, 1.0, bound)


def epsilon_lower_bound(
    false_positives: ArrayLike,
    false_negatives: ArrayLike,
    n_models: int,
    *,
    delta: float = 1e-5,
    significance: float = 0.05,
) -> FloatArray:
    """Return a lower confidence bound of epsilon for an attack fixed before the models were seen.

    Both error rates get an upper bound at half the significance. Without any error the bound is
    largest: about `log(n_models) - 1.3`.

    Args:
        false_positives: counts in `[0, n_models]`.
        false_negatives: counts in `[0, n_models]`, any shape that broadcasts.
        n_models: models in each bank.
        delta: in `[0, 1)`.
        significance: chance in (0, 1) that the bound exceeds the true epsilon, at most.

    Returns:
        float64, >= 0.

    Raises:
        ValueError: counts, delta or significance out of range.

    Reference:
        Jagielski, Ullman, Oprea 2020 (arXiv 2006.07709), section 4; technical report of the
        NeurIPS 2023 unlearning competition, equation 2.

    Example:
        >>> float(epsilon_lower_bound(0, 0, 64).round(2))
        2.82
    """
    bound = _unclipped_bound(false_positives, false_negatives, n_models, delta, significance)
    return np.maximum(bound, 0.0)


def epsilon_lower_bounds(
    unlearned: ArrayLike,
    oracle: ArrayLike,
    *,
    delta: float = 1e-5,
    significance: float = 0.05,
    seed: int = 0,
) -> LowerBounds:
    """Return a lower confidence bound of epsilon for every example, from a split of the models.

    A third of the models chooses an attack: of all intervals between pooled quantiles, as either
    bank, the one with the largest bound there. The other models, which had no say in it, certify.
    Each bound holds by itself with probability 1 - `significance`; of many examples that share of
    bounds may be too high: divide `significance` by their number for bounds that hold together. Not
    to be turned into points: a bound of 0 is no forgetting.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles; at least 4 models.
        delta: in `[0, 1)`.
        significance: in (0, 1).
        seed: of the split.

    Raises:
        ValueError: a bank is malformed, too few models to split, delta or significance out of
            range.

    Reference:
        Nasr et al. 2021 (arXiv 2101.04535); the split is the `Split` strategy of
        jax_privacy.auditing.
    """
    banks = check_banks(unlearned, oracle)
    n_models, n_examples = banks[0].shape
    if n_models < MIN_SPLIT_MODELS:
        raise ValueError(
            f"`unlearned` and `oracle` must hold at least {MIN_SPLIT_MODELS} models to be split, "
            f"got {n_models}"
        )
    rng = np.random.default_rng(seed)
    n_left = n_certifying(n_models)
    n_choosing = n_models - n_left
    parts = [np.split(bank[rng.permutation(n_models)], [n_choosing]) for bank in banks]
    counts = np.arange(n_choosing + 1)
    table = _unclipped_bound(counts[:, np.newaxis], counts, n_choosing, delta, significance)
    low, high = np.empty(n_examples), np.empty(n_examples)
    oracle_inside = np.empty(n_examples, dtype=bool)
    for first in range(0, n_examples, _EXAMPLES_PER_PIECE):
        piece = slice(first, first + _EXAMPLES_PER_PIECE)
        pooled = pool(parts[1][0][:, piece], parts[0][0][:, piece])
        low[piece], high[piece], oracle_inside[piece] = _choose_attack(pooled, table)
    inside = [((certifying >= low) & (certifying <= high)).sum(axis=0) for _, certifying in parts]
    false_positives = np.where(oracle_inside, inside[0], inside[1])
    false_negatives = n_left - np.where(oracle_inside, inside[1], inside[0])
    errors = false_positives, false_negatives
    bounds = epsilon_lower_bound(*errors, n_left, delta=delta, significance=significance)
    return LowerBounds(bounds, oracle_inside, low, high)


def n_certifying(n_models: int) -> int:
    """Return how many of N models certify a bound whose attack the others chose."""
    return n_models - n_models // _CHOOSING_PART


def ks_p_values(unlearned: ArrayLike, oracle: ArrayLike) -> FloatArray:
    """Return the p-value of the two-sample Kolmogorov-Smirnov test for every example.

    Exact for continuous confidences; with ties it is too large, which is safe. Examples of the
    same models depend on each other, so these p-values do.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.

    Returns:
        float64 `(n_examples,)` in (0, 1].

    Raises:
        ValueError: a bank is malformed.

    Reference:
        Gnedenko and Korolyuk 1951: reflection principle for two samples of equal size, as
        `scipy.stats.ks_2samp` computes it.
    """
    banks = check_banks(unlearned, oracle)
    with warnings.catch_warnings():
        # Said where rounding takes a p-value of 1 above 1; the limit law then gives 1 to 4e-5.
        warnings.filterwarnings("ignore", "ks_2samp: Exact calculation unsuccessful")
        found = ks_2samp(*banks, axis=0, method="exact")
    return np.asarray(found.pvalue, dtype=np.float64)


def benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """Return p-values adjusted for the false discovery rate.

    Calling the examples with an adjusted p-value of at most q leaking makes a share of at most q of
    these calls wrong on average, for independent or positively dependent tests.

    Args:
        p_values: `(n_examples,)` in `[0, 1]`.

    Returns:
        float64 `(n_examples,)` in `[0, 1]`.

    Raises:
        ValueError: not a vector of probabilities.

    Reference:
        Benjamini and Hochberg 1995, JRSS B 57(1).
    """
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"`p_values` must have shape (n_examples,) and be in [0, 1], got shape {values.shape}"
        )
    return np.asarray(false_discovery_control(values, method="bh"), dtype=np.float64)


def _unclipped_bound(
    false_positives: ArrayLike,
    false_negatives: ArrayLike,
    n_models: int,
    delta: float,
    significance: float,
) -> FloatArray:
    """Return the lower bound before it is cut at 0; -inf where neither side bounds anything."""
    if not 0.0 <= delta < 1.0:
        raise ValueError(f"`delta` must be in [0, 1), got {delta}")
    check_fraction("significance", significance)
    fpr_ub = clopper_pearson_upper(false_positives, n_models, significance / 2)
    fnr_ub = clopper_pearson_upper(false_negatives, n_models, significance / 2)
    with np.errstate(divide="ignore"):
        one_way = np.log(np.maximum(1.0 - delta - fpr_ub, 0.0)) - np.log(fnr_ub)
        other_way = np.log(np.maximum(1.0 - delta - fnr_ub, 0.0)) - np.log(fpr_ub)
    return np.asarray(np.maximum(one_way, other_way), dtype=np.float64)


def _choose_attack(pooled: Pooled, table: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return thresholds and orientation of the interval with the largest bound in `table`.

    Thresholds lie half-way between neighbouring values, where fresh models are least likely to
    fall on the wrong side.
    """
    values, n_models = pooled.values, pooled.n_models
    n_examples, n_values = values.shape
    rows = np.arange(n_examples)[:, np.newaxis]
    wanted = np.unique(np.linspace(0, n_values, _N_QUANTILES + 1).round().astype(np.int64))
    starts = np.concatenate([pooled.block_start, np.full((n_examples, 1), n_values)], axis=1)
    boundary = starts[:, wanted]
    oracle = pooled.first_before[rows, boundary]
    unlearned = boundary - oracle
    start, end = np.triu_indices(wanted.size, k=1)
    oracle_inside = oracle[:, end] - oracle[:, start]
    unlearned_inside = unlearned[:, end] - unlearned[:, start]
    as_oracle = table[unlearned_inside, n_models - oracle_inside]
    as_unlearned = table[oracle_inside, n_models - unlearned_inside]
    bounds = np.concatenate([as_oracle, as_unlearned], axis=1)
    best = bounds.argmax(axis=1)
    pair = best % start.size
    low = _cut_before(values, boundary[rows[:, 0], start[pair]])
    high = _cut_before(values, boundary[rows[:, 0], end[pair]])
    return low, high, best < start.size


def _cut_before(values: FloatArray, boundary: IntArray) -> FloatArray:
    """Return the threshold half-way across each boundary, infinite before and behind all values."""
    n_values = values.shape[1]
    rows = np.arange(values.shape[0])
    below = values[rows, np.maximum(boundary - 1, 0)]
    above = values[rows, np.minimum(boundary, n_values - 1)]
    cut = below + (above - below) / 2
    return np.where(boundary == 0, -np.inf, np.where(boundary == n_values, np.inf, cut))
