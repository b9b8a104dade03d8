from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from scorer.metric.bounds import (
    benjamini_hochberg,
    clopper_pearson_upper,
    epsilon_lower_bound,
    epsilon_lower_bounds,
    ks_p_values,
)


@pytest.mark.parametrize("n_trials", [1, 7, 50])
def test_clopper_pearson_agrees_with_scipy(n_trials: int) -> None:
    for errors in range(n_trials + 1):
        interval = stats.binomtest(errors, n_trials, alternative="less").proportion_ci(0.97)
        found = float(clopper_pearson_upper(errors, n_trials, 0.03))
        assert found == pytest.approx(interval.high, abs=1e-9)


@pytest.mark.parametrize(
    ("n_models", "ceiling"),
    [(32, 2.10), (64, 2.82), (128, 3.53), (256, 4.23), (512, 4.93), (1024, 5.62)],
)
def test_ceiling_without_errors(n_models: int, ceiling: float) -> None:
    bound = float(epsilon_lower_bound(0, 0, n_models))
    assert bound == pytest.approx(ceiling, abs=0.006)
    upper = 1 - 0.025 ** (1 / n_models)
    assert bound == pytest.approx(math.log((1 - 1e-5 - upper) / upper))


def test_bound_is_symmetric_falls_with_errors_and_never_negative() -> None:
    counts = np.arange(65)
    bounds = epsilon_lower_bound(counts[:, np.newaxis], counts, 64)
    np.testing.assert_array_equal(bounds, bounds.T)
    assert (np.diff(bounds[0]) <= 0).all()
    assert bounds.min() == 0.0
    assert bounds[64, 64] == 0.0


def test_published_interval_end() -> None:
    # TPR .4 and FPR .2: 95 % limits begin at -0.12 with 64 models and at 0.41 with 512.
    assert float(epsilon_lower_bound(13, 38, 64)) == 0.0
    assert float(epsilon_lower_bound(102, 307, 512)) == pytest.approx(0.41, abs=0.03)


def test_coverage_on_a_law_with_known_epsilon() -> None:
    # Confidence is 1 with probability .4 (unlearned) or .2 (oracle), else 0: the largest log ratio
    # of any event is log 2. At most 5 % of the bounds may exceed it.
    rng = np.random.default_rng(0)
    unlearned = (rng.random((200, 3000)) < 0.4).astype(float)
    oracle = (rng.random((200, 3000)) < 0.2).astype(float)
    bounds = epsilon_lower_bounds(unlearned, oracle).epsilons_lb
    assert (bounds > math.log(2)).mean() < 0.05
    assert (bounds > 0).mean() > 0.2


@pytest.mark.parametrize("n_trials", [5, 40])
def test_clopper_pearson_misses_at_most_as_often_as_stated(n_trials: int) -> None:
    counts = np.arange(n_trials + 1)
    upper = clopper_pearson_upper(counts, n_trials, 0.05)
    rates = np.linspace(0.01, 0.99, 197)[:, np.newaxis]
    missed = (stats.binom.pmf(counts, n_trials, rates) * (upper < rates)).sum(axis=1)
    assert missed.max() <= 0.05 + 1e-12
    assert missed.max() > 0.04


def test_null_is_not_called_leaking() -> None:
    rng = np.random.default_rng(1)
    bounds = epsilon_lower_bounds(rng.normal(size=(128, 1500)), rng.normal(size=(128, 1500)))
    assert (bounds.epsilons_lb > 0).mean() < 0.05
    assert np.median(bounds.epsilons_lb) == 0.0


@pytest.mark.parametrize(("shift", "expected"), [(0.5, 0.14), (1.0, 0.77), (2.0, 2.30)])
def test_power_is_at_least_that_of_the_published_halves(shift: float, expected: float) -> None:
    rng = np.random.default_rng(2)
    bounds = epsilon_lower_bounds(rng.normal(shift, 1, (512, 200)), rng.normal(size=(512, 200)))
    assert expected - 0.03 < np.median(bounds.epsilons_lb) < expected + 0.4


def test_separated_banks_reach_the_ceiling_of_the_certifying_part() -> None:
    rng = np.random.default_rng(3)
    oracle = rng.normal(size=(65, 20))
    for unlearned in (oracle + 40, oracle - 40):
        bounds = epsilon_lower_bounds(unlearned, oracle)
        np.testing.assert_allclose(bounds.epsilons_lb, epsilon_lower_bound(0, 0, 44))
    # The middle against both sides: needs an interval.
    outside = np.where(rng.random((65, 20)) < 0.5, 40.0, -40.0) + oracle
    bounds = epsilon_lower_bounds(outside, oracle)
    assert np.median(bounds.epsilons_lb) > 2.0
    best = bounds.epsilons_lb > 2
    assert (np.isfinite(bounds.low) & np.isfinite(bounds.high))[best].all()


def test_the_certifying_part_has_no_say_in_the_attack() -> None:
    rng = np.random.default_rng(4)
    unlearned, oracle = rng.normal(1, 1, (40, 30)), rng.normal(size=(40, 30))
    before = epsilon_lower_bounds(unlearned, oracle, seed=5)
    order = np.random.default_rng(5)
    certifying = order.permutation(40)[13:], order.permutation(40)[13:]
    unlearned[certifying[0]] = rng.normal(-9, 1, (27, 30))
    oracle[certifying[1]] = rng.normal(9, 1, (27, 30))
    after = epsilon_lower_bounds(unlearned, oracle, seed=5)
    np.testing.assert_array_equal(before.low, after.low)
    np.testing.assert_array_equal(before.high, after.high)
    assert (before.epsilons_lb != after.epsilons_lb).any()


@pytest.mark.parametrize("n_models", [2, 3, 5, 6])
def test_ks_p_value_is_the_share_of_arrangements_as_far_apart(n_models: int) -> None:
    rng = np.random.default_rng(n_models)
    unlearned, oracle = rng.normal(0.8, 1, (n_models, 8)), rng.normal(size=(n_models, 8))
    # Every arrangement of untied values is equally likely: +1 for an unlearned value, else -1.
    places = range(2 * n_models)
    steps = np.full((math.comb(2 * n_models, n_models), 2 * n_models), -1)
    for row, chosen in zip(steps, itertools.combinations(places, n_models), strict=True):
        row[list(chosen)] = 1
    distances = np.abs(steps.cumsum(axis=1)).max(axis=1)
    is_unlearned = np.concatenate([unlearned, oracle]).argsort(axis=0) < n_models
    observed = np.abs(np.where(is_unlearned, 1, -1).cumsum(axis=0)).max(axis=0)
    expected = (distances[:, np.newaxis] >= observed).mean(axis=0)
    np.testing.assert_allclose(ks_p_values(unlearned, oracle), expected, atol=1e-12)


def test_ks_of_a_bank_with_itself_is_1_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    bank = np.random.default_rng(6).normal(size=(5, 6))
    np.testing.assert_array_equal(ks_p_values(bank, bank), 1.0)
    # The smallest step apart, where the exact sum rounds to more than 1.
    np.testing.assert_allclose(ks_p_values(bank + 1e-9, bank), 1.0, atol=1e-12)
    assert not recwarn


def test_benjamini_hochberg_worked_by_hand() -> None:
    adjusted = benjamini_hochberg([0.01, 0.04, 0.03, 0.5])
    np.testing.assert_allclose(adjusted, [0.04, 0.16 / 3, 0.16 / 3, 0.5])


def test_leaking_examples_are_found_among_clean_ones() -> None:
    rng = np.random.default_rng(7)
    unlearned, oracle = rng.normal(size=(64, 100)), rng.normal(size=(64, 100))
    unlearned[:, :20] += 2.0
    rejected = benjamini_hochberg(ks_p_values(unlearned, oracle)) <= 0.05
    assert rejected[:20].all()
    assert rejected[20:].sum() <= 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clopper_pearson_upper(3, 2, 0.05), r"`errors` must be in \[0, 2\]"),
        (lambda: clopper_pearson_upper(-1, 2, 0.05), r"`errors` must be in \[0, 2\]"),
        (lambda: clopper_pearson_upper(1, 2, 0.0), r"`significance` must be in \(0, 1\), got 0.0"),
        (lambda: epsilon_lower_bound(0, 0, 9, significance=1.5), r"`significance` must be in"),
        (lambda: epsilon_lower_bound(0, 0, 9, delta=1.0), r"`delta` must be in \[0, 1\), got 1.0"),
        (
            lambda: epsilon_lower_bounds(np.zeros((3, 1)), np.zeros((3, 1))),
            r"at least 4 models to be split, got 3",
        ),
        (lambda: ks_p_values(np.zeros(3), np.zeros((3, 1))), r"`unlearned` must have shape"),
        (lambda: benjamini_hochberg([0.5, 1.5]), r"`p_values` must .* be in \[0, 1\]"),
        (lambda: benjamini_hochberg([[0.5]]), r"`p_values` must have shape \(n_examples,\)"),
    ],
)
def test_bad_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
