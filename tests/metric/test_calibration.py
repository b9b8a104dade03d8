from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.calibration import (
    Bootstrap,
    _qualities,
    bootstrap_relative_score,
    paired_difference,
    permutation_test,
)
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import Rule, make_rule
from scorer.metric.utility import ModelAccuracies

COMPETITION, EXACT = make_rule("competition"), make_rule("exact")


def _pair(seed: int, shift: float, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    unlearned, oracle = _banks(seed, shift, 0.0, shape=shape)
    return unlearned, oracle


def _banks(seed: int, *shifts: float, shape: tuple[int, int] = (32, 60)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(shift, 1.5, shape) for shift in shifts]


def _bootstrap(unlearned: np.ndarray, oracle: np.ndarray, rule: Rule, **options: int) -> Bootstrap:
    """Return the bootstrap of F; the control bank has no say in it."""
    result = bootstrap_relative_score(unlearned, oracle, oracle, rule, **options)  # type: ignore[arg-type]
    return result.forgetting_quality


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_bootstrap_sd_matches_the_sd_over_fresh_models(shift: float) -> None:
    # 150 pairs of banks of 60 examples, scored in one go.
    fresh = forgetting_quality(*_pair(0, shift, (32, 9000)), COMPETITION).points
    stated = [
        _bootstrap(
            *_pair(1000 + seed, shift, (32, 60)), COMPETITION, n_resamples=40, seed=seed
        ).standard_error
        for seed in range(4)
    ]
    true = np.std(fresh.reshape(150, 60).mean(axis=1))
    assert 0.7 < np.mean(stated) / true < 1.5


def test_resampled_means_are_biased_down_as_documented() -> None:
    unlearned, oracle = _banks(0, 0.5, 0.0, shape=(64, 100))
    result = _bootstrap(unlearned, oracle, COMPETITION, n_resamples=30)
    assert result.values.mean() < forgetting_quality(unlearned, oracle, COMPETITION).value
    assert result.standard_error == pytest.approx(np.std(result.values, ddof=1))


def test_a_resample_is_the_quality_of_the_drawn_models() -> None:
    unlearned, control, oracle = _banks(1, 0.5, 0.2, 0.0, shape=(10, 4))
    result = bootstrap_relative_score(unlearned, control, oracle, EXACT, n_resamples=5, seed=8)
    rng = np.random.default_rng(8)
    draws = [rng.integers(10, size=(5, 10)) for _ in range(3)]
    for found, bank, own in (
        (result.forgetting_quality, unlearned, draws[0]),
        (result.ceiling_forgetting_quality, control, draws[1]),
    ):
        expected = [
            forgetting_quality(bank[first], oracle[second], EXACT).value
            for first, second in zip(own, draws[2], strict=True)
        ]
        np.testing.assert_allclose(found.values, expected)


def test_batches_change_nothing() -> None:
    unlearned, oracle = _pair(2, 0.5, (10, 4))
    draws = np.random.default_rng(0).integers(10, size=(2, 7, 10))
    whole, in_twos, one_by_one = (
        _qualities(unlearned, draws[0], oracle, draws[1], EXACT, values_per_batch=size)
        for size in (2**22, 90, 1)
    )
    np.testing.assert_array_equal(in_twos, whole)
    np.testing.assert_array_equal(one_by_one, whole)


def test_seed_decides() -> None:
    banks = _pair(3, 0.5, (16, 10))
    one, again, other = (
        _bootstrap(*banks, EXACT, n_resamples=5, seed=seed).values for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_relative_score_shares_the_oracles_and_is_surer_for_it() -> None:
    # A strong effect of each oracle model on all examples moves both scores together.
    rng = np.random.default_rng(4)
    unlearned, control, oracle = (
        rng.normal(size=(32, 60)) + 1.5 * rng.normal(size=(32, 1)) for _ in range(3)
    )
    result = bootstrap_relative_score(unlearned, control, oracle, COMPETITION, n_resamples=60)
    first, second = result.forgetting_quality.values, result.ceiling_forgetting_quality.values
    np.testing.assert_allclose(result.relative_score.values, first / second)
    np.testing.assert_allclose(result.final_score.values, first)
    assert np.corrcoef(first, second)[0, 1] > 0.1


def test_accuracies_are_drawn_with_their_models() -> None:
    unlearned, control, oracle = _banks(5, 0.4, 0.0, 0.0, shape=(12, 8))
    accuracies = tuple(
        ModelAccuracies(np.linspace(0.5, top, 12), np.linspace(0.4, top, 12))
        for top in (0.7, 0.9, 1.0)
    )
    result = bootstrap_relative_score(
        unlearned, control, oracle, EXACT,
        accuracies=accuracies, n_resamples=6, seed=3,  # type: ignore[arg-type]
    )  # fmt: skip
    rng = np.random.default_rng(3)
    draws = [rng.integers(12, size=(6, 12)) for _ in range(3)]
    means = [
        bank.retain[draw].mean(axis=1) * bank.test[draw].mean(axis=1)
        for bank, draw in zip(accuracies, draws, strict=True)
    ]
    expected = result.forgetting_quality.values * means[0] / means[2]
    np.testing.assert_allclose(result.final_score.values, expected)
    ceiling = result.ceiling_forgetting_quality.values * means[1] / means[2]
    np.testing.assert_allclose(result.ceiling.values, ceiling)
    np.testing.assert_allclose(result.relative_score.values, expected / ceiling)


def test_relative_score_of_a_zero_ceiling_is_nan() -> None:
    unlearned, oracle = _banks(6, 0.0, 0.0, shape=(8, 3))
    result = bootstrap_relative_score(unlearned, oracle + 99, oracle, EXACT, n_resamples=3)
    assert math.isnan(result.relative_score.standard_error)
    assert result.ceiling.standard_error == 0.0


def test_permutation_p_value_is_the_rank_of_the_observed_quality() -> None:
    result = permutation_test(*_pair(7, 0.3, (16, 12)), EXACT, n_permutations=49)
    below = np.count_nonzero(result.values <= result.observed)
    assert result.p_value == (1 + below) / 50
    assert result.values.shape == (49,)


def test_permutation_test_keeps_its_level_and_finds_a_shift() -> None:
    def p_value(seed: int, shift: float) -> float:
        rng = np.random.default_rng(seed)
        # An effect common to all examples of a model: the dependence that models carry along.
        unlearned, oracle = (rng.normal(size=(16, 12)) + rng.normal(size=(16, 1)) for _ in range(2))
        test = permutation_test(unlearned + shift, oracle, EXACT, n_permutations=39, seed=seed)
        return test.p_value

    null = np.array([p_value(seed, 0.0) for seed in range(50)])
    assert (null <= 0.1).mean() < 0.22
    assert 0.35 < null.mean() < 0.65
    assert p_value(0, 6.0) == 1 / 40


def test_paired_difference_of_a_method_with_itself_is_nothing() -> None:
    first, oracle = _banks(8, 0.5, 0.0, shape=(16, 20))
    result = paired_difference(first, first, oracle, EXACT, n_resamples=10, n_permutations=19)
    assert result.difference == 0.0
    assert result.p_value == 1.0


def test_paired_difference_tells_a_better_method() -> None:
    near, far, oracle = _banks(9, 0.0, 2.0, 0.0, shape=(32, 60))
    result = paired_difference(near, far, oracle, COMPETITION, n_resamples=20, n_permutations=19)
    expected = (
        forgetting_quality(near, oracle, COMPETITION).value
        - forgetting_quality(far, oracle, COMPETITION).value
    )
    assert result.difference == pytest.approx(expected)
    assert result.difference > 4 * result.standard_error > 0
    assert result.p_value == 1 / 20
    back = paired_difference(far, near, oracle, COMPETITION, n_resamples=20, n_permutations=19)
    assert back.difference == -result.difference


BANK = np.random.default_rng(10).normal(size=(4, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bootstrap_relative_score(BANK, BANK, BANK, EXACT, n_resamples=1),
            r"`n_resamples` must be at least 2, got 1",
        ),
        (
            lambda: permutation_test(BANK, BANK, EXACT, n_permutations=0),
            r"`n_permutations` must be at least 1, got 0",
        ),
        (
            lambda: paired_difference(BANK, BANK, BANK, EXACT, n_permutations=0),
            r"`n_permutations` must be at least 1, got 0",
        ),
        (
            lambda: paired_difference(BANK, BANK[:3], BANK, EXACT),
            r"`second` and `oracle` must have the same shape",
        ),
        (
            lambda: paired_difference(BANK * np.nan, BANK, BANK, EXACT),
            r"`first` must be finite, got 12",
        ),
        (
            lambda: bootstrap_relative_score(BANK, BANK[:, :2], BANK, EXACT),
            r"`control` and `oracle` must have the same shape",
        ),
        (
            lambda: bootstrap_relative_score(
                BANK, BANK, BANK, EXACT,
                accuracies=(ModelAccuracies(np.ones(3), np.ones(3)),) * 3,
            ),
            r"`accuracies` of the unlearned models must be of 4 models, got 3",
        ),
        (lambda: permutation_test(BANK[0], BANK, EXACT), r"`unlearned` must have shape"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
