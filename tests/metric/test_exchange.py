from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from scorer.metric.exchange import paired_difference, permutation_test
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import make_rule
from scorer.simulated.banks import normal_bank

COMPETITION, EXACT = make_rule("competition"), make_rule("exact")


def banks(seed: int, *shifts: float, shape: tuple[int, int] = (16, 20)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(shift, 1.5, shape) for shift in shifts]


def test_permutation_p_value_is_the_rank_of_the_observed_quality() -> None:
    result = permutation_test(*banks(7, 0.3, 0.0), EXACT, n_permutations=49)
    below = np.count_nonzero(result.values <= result.observed)
    assert result.p_value == (1 + below) / 50
    assert result.values.shape == (49,)


def test_permutation_test_keeps_its_level_and_finds_a_shift() -> None:
    def p_value(seed: int, shift: float) -> float:
        rng = np.random.default_rng(seed)
        # An effect common to all examples of a model: the dependence that models carry along.
        unlearned, oracle = (normal_bank(rng, 16, 12, rho=0.5) for _ in range(2))
        test = permutation_test(unlearned + shift, oracle, EXACT, n_permutations=39, seed=seed)
        return test.p_value

    null = np.array([p_value(seed, 0.0) for seed in range(50)])
    assert (null <= 0.1).mean() < 0.22
    assert 0.35 < null.mean() < 0.65
    assert p_value(0, 6.0) == 1 / 40


def test_a_method_does_not_differ_from_itself() -> None:
    first, oracle = banks(8, 0.5, 0.0)
    result = paired_difference(first, first, oracle, EXACT, n_draws=10, n_permutations=19)
    assert (result.difference, result.standard_error) == (0.0, 0.0)
    assert result.p_equal_quality == result.p_equal_law == 1.0


def test_a_better_method_is_told_by_both_tests() -> None:
    near, far, oracle = banks(9, 0.0, 2.0, 0.0, shape=(32, 60))
    result = paired_difference(near, far, oracle, COMPETITION, n_draws=20, n_permutations=19)
    qualities = [forgetting_quality(each, oracle, COMPETITION).value for each in (near, far)]
    assert result.difference == pytest.approx(qualities[0] - qualities[1])
    assert result.difference > 4 * result.standard_error > 0
    assert result.p_equal_law == 1 / 20
    distance = result.difference / result.standard_error
    assert result.p_equal_quality == pytest.approx(2 * t.sf(distance, 31))
    back = paired_difference(far, near, oracle, COMPETITION, n_draws=20, n_permutations=19)
    assert back.difference == -result.difference


def test_runs_that_share_their_seed_make_the_difference_surer() -> None:
    rng = np.random.default_rng(12)
    oracle, first = (normal_bank(rng, 32, 60, rho=0.5) for _ in range(2))
    near = first + rng.normal(0.0, 0.1, first.shape)
    other = normal_bank(rng, 32, 60, rho=0.5)
    errors = [
        paired_difference(first, each, oracle, EXACT, n_draws=30, n_permutations=1).standard_error
        for each in (near, other)
    ]
    assert errors[0] < 0.7 * errors[1]


def test_few_originals_give_few_degrees_of_freedom() -> None:
    first, second, oracle = banks(13, 0.0, 0.6, 0.0)
    result = paired_difference(
        first, second, oracle, EXACT, originals=[0, 1, 2, 3] * 4, n_draws=20, n_permutations=1
    )
    distance = abs(result.difference) / result.standard_error
    assert result.p_equal_quality == pytest.approx(2 * t.sf(distance, 3))


BANK = np.random.default_rng(10).normal(size=(4, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
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
        (lambda: permutation_test(BANK[0], BANK, EXACT), r"`unlearned` must have shape"),
    ],
)
def test_bad_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
