"""How small an epsilon N models can see, and how large an epsilon chance alone gives."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import binom

from scorer.metric.arrays import FloatArray, check_banks, check_fraction
from scorer.metric.bounds import MIN_SPLIT_MODELS, epsilon_lower_bound, n_certifying
from scorer.metric.counts import EPSILON_CAP
from scorer.metric.draws import permutations
from scorer.metric.interval_test import exchange_p_values
from scorer.metric.rules import Rule

SIGNIFICANCE = 0.05
POWER = 0.8
_MIN_DRAWN_EPSILONS = 4000


def detectable_epsilon(
    n_models: int, *, delta: float = 1e-5, significance: float = SIGNIFICANCE, power: float = POWER
) -> float | None:
    """Return the smallest true epsilon that `exchange_p_values` finds often enough on one example.

    It is that of a coin whose sides the two banks prefer, one each: of all laws with this epsilon
    it is the one whose banks differ in most models. So what is smaller is seldom seen on single
    examples at this N, whatever the law.

    Args:
        n_models: N, of models in each bank, at least 2.
        delta: of (epsilon, delta), in `[0, 1)`.
        significance: of the test, in (0, 1), for one example.
        power: share of repeats in which it is found, in (0, 1).

    Returns:
        Epsilon; None where even banks that nothing has in common are not told apart.

    Raises:
        ValueError: fewer than 2 models, or a share out of range.

    Example:
        >>> round(detectable_epsilon(64), 2), detectable_epsilon(4)
        (0.68, None)
    """
    check_fraction("power", power)
    needed = _advantage_needed(n_models, check_fraction("significance", significance))
    if needed is None:
        return None

    def lacking(epsilon: float) -> float:
        # The total variation of the coin, half of it on either side of one half.
        grown = math.exp(epsilon)
        apart = (grown - 1.0 + 2.0 * delta) / (grown + 1.0)
        counts = np.arange(n_models + 1)
        unlearned, oracle = (binom.pmf(counts, n_models, 0.5 + s * apart / 2) for s in (1, -1))
        differences = np.convolve(unlearned, oracle[::-1])  # from -N to N
        return float(differences[n_models + needed :].sum()) - power

    return float(brentq(lacking, 0.0, EPSILON_CAP)) if lacking(0.0) < 0.0 else 0.0


def largest_certifiable_epsilon(
    n_models: int, *, delta: float = 1e-5, significance: float = SIGNIFICANCE
) -> float | None:
    """Return the bound that `epsilon_lower_bounds` certifies where its attack makes no error.

    Args:
        n_models: N, of models in each bank, at least 2.
        delta: of (epsilon, delta), in `[0, 1)`.
        significance: of the bound, in (0, 1).

    Returns:
        Epsilon; None where there are too few models for bounds.

    Example:
        >>> round(largest_certifiable_epsilon(64), 2), largest_certifiable_epsilon(3)
        (2.41, None)
    """
    if n_models < MIN_SPLIT_MODELS:
        return None
    n = n_certifying(n_models)
    return float(epsilon_lower_bound(0, 0, n, delta=delta, significance=significance))


def chance_epsilon(
    unlearned: ArrayLike,
    oracle: ArrayLike,
    rule: Rule,
    *,
    significance: float = SIGNIFICANCE,
    seed: int = 0,
) -> float:
    """Return the epsilon that chance alone exceeds on few examples drawn from both banks.

    Epsilon is a maximum over many attacks, so that models of one law get one above 0 too. Models
    are exchanged between the banks, whole, and the rule is asked again.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.
        rule: see `scorer.metric.rules.make_rule`.
        significance: share in (0, 1) of the examples that chance takes above it.
        seed: of the exchanges.

    Returns:
        Epsilon in `[0, 50]`.

    Raises:
        ValueError: a bank is malformed, or `significance` out of range.
    """
    check_fraction("significance", significance)
    models: FloatArray = np.concatenate(check_banks(unlearned, oracle))
    n_models, n_examples = len(models) // 2, models.shape[1]
    n_draws = max(2, math.ceil(_MIN_DRAWN_EPSILONS / n_examples))
    orders = permutations(np.random.default_rng(seed), 2 * n_models, n_draws)
    drawn = [
        rule.epsilons(models[order[:n_models]], models[order[n_models:]]).epsilons
        for order in orders
    ]
    return float(np.quantile(np.concatenate(drawn), 1.0 - significance, method="higher"))


def _advantage_needed(n_models: int, significance: float) -> int | None:
    """Return by how many models two sides of a coin must differ for p to be small enough."""
    # Column v: v models more of the one bank on one side, where all values are one of two.
    more = np.arange(n_models + 1)
    rows = np.arange(n_models)[:, np.newaxis]
    base = (n_models - more) // 2
    unlearned, oracle = rows < base + more, rows < base
    p_values = exchange_p_values(unlearned.astype(float), oracle.astype(float))
    found = np.flatnonzero(p_values <= significance)
    return int(found[0]) if found.size else None
