"""The joint law: laws whose answer is known, invariances, and the size and power of the test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.joint import effective_models, mean_variance_ratio, set_level_test

N_MODELS, N_EXAMPLES = 64, 130


def models(rng: np.random.Generator, rho: float = 0.3, n_models: int = N_MODELS) -> np.ndarray:
    """Return models of variance 1, the share `rho` of it common to all examples of a model."""
    common, own = rng.normal(size=(n_models, 1)), rng.normal(size=(n_models, N_EXAMPLES))
    return math.sqrt(rho) * common + math.sqrt(1 - rho) * own


def by_coin(rng: np.random.Generator, bias: float = 0.7) -> np.ndarray:
    """Return runs of two algorithms of opposite bias, with mean 0 and variance 1 together."""
    side = rng.choice([-1.0, 1.0], (N_MODELS, 1))
    return bias * side + math.sqrt(1 - bias**2) * models(rng)


FAKES = {
    "two algorithms by coin": by_coin,
    "independent over examples": lambda rng: models(rng, 0.0),
    "rho 0.9": lambda rng: models(rng, 0.9),
    "8 models 8 times": lambda rng: np.repeat(models(rng, n_models=8), 8, axis=0),
    "32 models twice": lambda rng: np.repeat(models(rng, n_models=32), 2, axis=0),
    "mean of oracles and noise": lambda rng: (
        models(rng).mean(axis=0) + rng.normal(size=(N_MODELS, N_EXAMPLES))
    ),
}


def rejections(make, rho: float, n_repeats: int, n_permutations: int = 39) -> float:
    """Return how often p is at most .05."""
    rng = np.random.default_rng(0)
    tests = (
        set_level_test(make(rng), models(rng, rho), n_permutations=n_permutations, seed=repeat)
        for repeat in range(n_repeats)
    )
    return float(np.mean([test.p_value <= 0.05 for test in tests]))


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_ratio_is_that_of_the_law_and_its_error_that_of_repeats(rho: float) -> None:
    rng = np.random.default_rng(1)
    found = [mean_variance_ratio(models(rng, rho)) for _ in range(150)]
    values = np.array([one.value for one in found])
    errors = np.array([one.standard_error for one in found])
    # Variance of a mean of S examples, times S: the independent part once, the common part S times.
    expected = (1 - rho) + rho * N_EXAMPLES
    true_sd = values.std(ddof=1)
    # Numerator and denominator of the ratio share the common part, which biases it where large.
    assert values.mean() == pytest.approx(
        expected, abs=4 * true_sd / math.sqrt(150) + 0.02 * expected
    )
    assert errors.mean() == pytest.approx(true_sd, rel=0.25)


def test_ratio_does_not_change_with_unit_or_origin() -> None:
    bank = models(np.random.default_rng(2))
    first, second = mean_variance_ratio(bank), mean_variance_ratio(5.0 - 3.0 * bank)
    assert second.value == pytest.approx(first.value)
    assert second.standard_error == pytest.approx(first.standard_error)


def test_jackknife_equals_leaving_models_out() -> None:
    bank = np.random.default_rng(3).normal(size=(7, 5))
    without = np.array([mean_variance_ratio(np.delete(bank, k, axis=0)).value for k in range(7)])
    expected = math.sqrt(6 / 7 * np.square(without - without.mean()).sum())
    assert mean_variance_ratio(bank).standard_error == pytest.approx(expected)


def test_ratio_of_what_has_no_spread_or_too_few_models_is_nan() -> None:
    assert math.isnan(mean_variance_ratio(np.ones((5, 3))).value)
    two = mean_variance_ratio([[0.0, 1.0], [1.0, 3.0]])
    assert math.isfinite(two.value) and math.isnan(two.standard_error)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("n_distinct", [1, 2, 8, 32])
def test_copies_are_counted_once(n_distinct: int, rho: float) -> None:
    rng = np.random.default_rng(4)
    few = models(rng, rho, n_distinct)
    oracle = models(rng, rho)
    copies = np.repeat(few, N_MODELS // n_distinct, axis=0)
    assert effective_models(copies, oracle) == pytest.approx(n_distinct, rel=0.02)
    # Bias and a wrong spread are other faults, and do not change how many there are.
    assert effective_models(3.0 + 0.5 * copies, oracle) == pytest.approx(n_distinct, rel=0.02)


def test_unequal_copies_count_by_the_inverse_simpson_index() -> None:
    rng = np.random.default_rng(5)
    few = models(rng, n_models=8)
    copies = np.repeat(few, [57, 1, 1, 1, 1, 1, 1, 1], axis=0)
    assert effective_models(copies, models(rng)) == pytest.approx(64**2 / (57**2 + 7), rel=0.05)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_independent_models_all_count(rho: float) -> None:
    rng = np.random.default_rng(6)
    counts = [effective_models(models(rng, rho), models(rng, rho)) for _ in range(20)]
    assert N_MODELS - 0.5 < np.mean(counts) <= N_MODELS
    bank = models(rng, rho)
    assert effective_models(bank, bank) == pytest.approx(N_MODELS)


def test_noise_makes_copies_count_a_little_more() -> None:
    rng = np.random.default_rng(7)
    copies = FAKES["8 models 8 times"](rng) + 0.3 * rng.normal(size=(N_MODELS, N_EXAMPLES))
    assert 8 < effective_models(copies, models(rng)) < 12


def test_oracles_that_leave_no_scale_give_nan() -> None:
    rng = np.random.default_rng(8)
    bank = models(rng)
    copies = np.repeat(bank[:32], 2, axis=0)
    for oracle in (copies, np.ones_like(bank), np.where(np.arange(N_EXAMPLES) < 2, bank, 1.0)):
        assert math.isnan(effective_models(bank, oracle))


@pytest.mark.parametrize("name", FAKES)
def test_joint_laws_that_are_wrong_are_told(name: str) -> None:
    assert rejections(FAKES[name], rho=0.3, n_repeats=12) == 1.0


def test_wrong_means_of_single_examples_are_told() -> None:
    signs = np.random.default_rng(9).choice([-0.3, 0.3], N_EXAMPLES)
    assert rejections(lambda rng: models(rng) + signs, rho=0.3, n_repeats=12) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_size_is_what_it_says(rho: float) -> None:
    # 0.05 and 2.5 standard errors of 800 repeats.
    assert rejections(lambda rng: models(rng, rho), rho, n_repeats=800) <= 0.069


def test_test_depends_on_neither_unit_nor_order_of_examples() -> None:
    rng = np.random.default_rng(10)
    unlearned, oracle = models(rng) + 0.3, models(rng)
    first = set_level_test(unlearned, oracle, n_permutations=39)
    order = rng.permutation(N_EXAMPLES)
    scale, origin = rng.uniform(0.5, 2, N_EXAMPLES), rng.normal(size=N_EXAMPLES)
    second = set_level_test(
        (unlearned * scale + origin)[:, order], (oracle * scale + origin)[:, order],
        n_permutations=39,
    )  # fmt: skip
    assert second.auc == pytest.approx(first.auc, abs=1e-3)
    assert second.p_value == pytest.approx(first.p_value, abs=0.051)


def test_p_value_counts_exchanges_and_a_seed_repeats_it() -> None:
    rng = np.random.default_rng(11)
    unlearned, oracle = models(rng), models(rng)
    first, second = (set_level_test(unlearned, oracle, n_permutations=19) for _ in range(2))
    assert first.p_value == (1 + np.count_nonzero(first.values >= first.auc)) / 20
    np.testing.assert_array_equal(first.values, second.values)
    other = set_level_test(unlearned, oracle, n_permutations=19, seed=1)
    assert not np.array_equal(first.values, other.values)


@pytest.mark.parametrize("shape", [(2, 1), (3, 4), (7, 2)])
def test_small_banks_are_tested_too(shape: tuple[int, int]) -> None:
    bank = np.random.default_rng(12).normal(size=(2, *shape))
    test = set_level_test(*bank, n_permutations=9)
    assert 0.0 <= test.auc <= 1.0 and 0.1 <= test.p_value <= 1.0


def test_banks_without_any_difference_are_not_told() -> None:
    constant = np.ones((8, 5))
    test = set_level_test(constant, constant)
    assert (test.auc, test.p_value) == (0.5, 1.0)
    assert set_level_test(constant + 1.0, constant).auc == 1.0


def test_bad_input_is_named() -> None:
    good = np.eye(3)
    with pytest.raises(ValueError, match="`bank` must be finite"):
        mean_variance_ratio(np.full((2, 1), np.nan))
    with pytest.raises(ValueError, match="must have the same shape"):
        effective_models(good, good[:2])
    with pytest.raises(ValueError, match="`n_permutations` must be at least 1, got 0"):
        set_level_test(good, good, n_permutations=0)
