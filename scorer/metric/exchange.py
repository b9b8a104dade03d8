"""Tests by exchanging models: against the oracles, and of two methods against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_banks, check_positive, check_same_shape
from scorer.metric.draws import p_value, permutations, points_of_draws
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.jackknife import (
    draw_kept,
    drawing_units,
    error_over_draws,
    kept_scale,
)
from scorer.metric.rules import Rule


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """Test of the hypothesis that unlearned models and oracles are independent and of one law.

    Attributes:
        p_value: (1 + number of permuted F at or below the observed) / (n_permutations + 1); exact
            for any number of models, examples and any rule.
        observed: F of the banks as they are.
        values: float64 `(n_permutations,)` F under the hypothesis.
    """

    p_value: float
    observed: float
    values: FloatArray


@dataclass(frozen=True)
class PairedDifference:
    """Comparison of two methods on the same oracles, run by run.

    Attributes:
        difference: F of the first minus F of the second.
        standard_error: over models and examples; oracles and originals are shared, and seeds where
            the runs of both are of one secret.
        p_equal_quality: of the hypothesis that both have the same expected F, two-sided: the
            difference by its error, as Student's t. Where errors common to all examples are large,
            it is below 0.05 more often than that.
        p_equal_law: of the hypothesis that run i of both methods could be exchanged, as under one
            law, two-sided, by the size of the difference. It is exact at any number of models,
            but says nothing of methods that have one F and different laws.
    """

    difference: float
    standard_error: float
    p_equal_quality: float
    p_equal_law: float


def permutation_test(
    unlearned: ArrayLike, oracle: ArrayLike, rule: Rule, *, n_permutations: int = 199, seed: int = 0
) -> PermutationTest:
    """Test whether unlearned models and oracles can be told apart by F at all.

    A large p-value does not show that they are equal, only that these models do not tell. Runs from
    one original, or from a few, are independent given these originals only: what an original leaves
    in its runs counts as a difference from the oracles, and nothing can be exchanged that would
    separate it from chance, since the oracles share no original.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.
        rule: see `scorer.metric.rules.make_rule`.
        n_permutations: at least 1; the smallest possible p-value is `1 / (n_permutations + 1)`.
        seed: of the permutations.

    Raises:
        ValueError: a bank is malformed, or no permutation.
    """
    unlearned_bank, oracle_bank = check_banks(unlearned, oracle)
    check_positive("n_permutations", n_permutations)
    n_models = unlearned_bank.shape[0]
    models = np.concatenate([unlearned_bank, oracle_bank])
    order = permutations(np.random.default_rng(seed), 2 * n_models, n_permutations)
    sides = order[:, :n_models], order[:, n_models:]
    values = points_of_draws(models, sides[0], models, sides[1], rule).mean(axis=1)
    observed = forgetting_quality(unlearned_bank, oracle_bank, rule).value
    return PermutationTest(p_value(values <= observed), observed, values)


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    oracle: ArrayLike,
    rule: Rule,
    *,
    originals: ArrayLike | None = None,
    n_draws: int = 100,
    n_permutations: int = 199,
    seed: int = 0,
) -> PairedDifference:
    """Compare the F of two methods whose run i has the same original, on the same oracles.

    What both share makes both F err in the same direction, so that the difference is known better
    than either. The same runs and oracles are left out for both. Seeds may be shared too, and
    neither the error nor a p-value rests on that.

    Args:
        first: `(n_models, n_examples)` confidences of the first method's unlearned models.
        second: the same of the second method.
        oracle: the same of the oracles.
        rule: see `scorer.metric.rules.make_rule`.
        originals: int `(n_models,)`, see `scorer.metric.jackknife.score_errors`.
        n_draws: for the standard error, at least 2.
        n_permutations: exchanges of runs between the methods, at least 1.
        seed: of both.

    Raises:
        ValueError: a bank is malformed, a count too small, or `originals` of another length.
    """
    banks = check_same_shape(first=first, second=second, oracle=oracle)
    check_positive("n_permutations", n_permutations)
    truth, n_models = banks[2], len(banks[2])
    units = drawing_units(originals, n_models)
    rng = np.random.default_rng(seed)
    draws = draw_kept(rng, units, n_draws)
    oracle_draws = permutations(rng, n_models, n_draws)[:, : draws.shape[1]]
    kept = [points_of_draws(bank, draws, truth, oracle_draws, rule) for bank in banks[:2]]
    points = [forgetting_quality(bank, truth, rule).points for bank in banks[:2]]
    difference = float(points[0].mean() - points[1].mean())
    scale = kept_scale(len(units))
    error = error_over_draws(points[0] - points[1], kept[0] - kept[1], scale)
    models = np.concatenate(banks[:2])
    is_swapped = rng.random((n_permutations, n_models)) < 0.5
    as_first = np.arange(n_models) + n_models * is_swapped
    as_second = np.arange(n_models) + n_models * ~is_swapped
    everyone = np.broadcast_to(np.arange(n_models), is_swapped.shape)
    swapped = [
        points_of_draws(models, side, truth, everyone, rule).mean(axis=1)
        for side in (as_first, as_second)
    ]
    # Rounding must not make an exchange of equal runs look smaller than the difference itself.
    as_extreme = np.abs(swapped[0] - swapped[1]) >= abs(difference) - 1e-12
    p_equal = _student_p_value(difference, error, len(units) - 1)
    return PairedDifference(difference, error, p_equal, p_value(as_extreme))


def _student_p_value(difference: float, standard_error: float, n_degrees: int) -> float:
    """Return the two-sided p-value of a difference; 1 where nothing differs at all."""
    # Imported here because scipy.special takes a while, and whoever reads records comes by.
    from scipy.special import stdtr

    if difference == 0.0:
        return 1.0
    distance = abs(difference) / standard_error if standard_error else math.inf
    return float(2.0 * stdtr(n_degrees, -distance))
