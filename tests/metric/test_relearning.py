"""Steps to a loss, and the test by ranks that takes infinity for a number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.jackknife import mean_error
from scorer.metric.relearning import rank_p_value, steps_to_reach


def test_the_first_step_at_or_below_the_target_counts() -> None:
    losses = [[3.0, 2.0, 1.0], [2.0, 3.0, 1.0], [9.0, 9.0, 9.0], [3.0, 1.9, 5.0]]
    found = steps_to_reach(losses, [2.0] * 4)
    np.testing.assert_array_equal(found, [1.0, 0.0, math.inf, 1.0])
    np.testing.assert_array_equal(steps_to_reach([[2.001, 1.0]], [2.0]), [1.0])
    np.testing.assert_array_equal(steps_to_reach([[2.001, 1.0]], [2.0], tolerance=0.001), [0.0])


@pytest.mark.parametrize(
    ("losses", "target"), [([1.0, 2.0], [1.0]), ([[1.0, 2.0]], [1.0, 1.0]), ([[]], [1.0])]
)
def test_what_does_not_fit_is_refused(losses: list[float], target: list[float]) -> None:
    with pytest.raises(ValueError, match="`losses` must have shape"):
        steps_to_reach(losses, target)


def test_equal_groups_have_p_1_and_groups_apart_the_smallest() -> None:
    assert rank_p_value([3.0] * 8, [3.0] * 16) == 1.0
    assert rank_p_value(np.arange(8), np.arange(8, 24)) == 0.001
    assert rank_p_value(np.arange(8) + 16, np.arange(16)) == 0.001, "it is two-sided"
    assert rank_p_value([1.0, math.inf] * 4, [1.0, math.inf] * 4) == 1.0
    assert rank_p_value([1.0] * 8, [math.inf] * 8) < 0.01 < rank_p_value([1.0] * 2, [math.inf] * 2)


def test_p_of_one_law_is_uniform() -> None:
    rng = np.random.default_rng(0)
    found = [
        rank_p_value(rng.integers(0, 9, 6), rng.integers(0, 9, 12), n_permutations=99, seed=k)
        for k in range(400)
    ]
    assert np.mean(np.array(found) <= 0.1) == pytest.approx(0.1, abs=0.045)


@pytest.mark.parametrize("group", [[], [math.nan], [[1.0]]])
def test_no_numbers_are_refused(group: list[float]) -> None:
    with pytest.raises(ValueError, match="`first` must be one number a model"):
        rank_p_value(group, [1.0])


def test_the_error_of_a_mean_is_over_models_or_over_originals() -> None:
    values = [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0]
    assert mean_error(values) == pytest.approx(np.std(values, ddof=1) / 8**0.5)
    means = [2.0, 6.0, 10.0, 14.0]
    by_originals = mean_error(values, [0, 0, 1, 1, 2, 2, 3, 3])
    assert by_originals == pytest.approx(np.std(means, ddof=1) / 4**0.5)
    with pytest.raises(ValueError, match="needs 2 models"):
        mean_error([1.0, 2.0])
