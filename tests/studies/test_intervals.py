"""Intervals against closed forms, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from scorer.errors import ScorerError
from scorer.studies.intervals import auc, from_error, mean_of, rank_correlation, share_of


def test_a_mean_has_students_interval() -> None:
    found = mean_of([1.0, 2.0, 3.0, 6.0], "points", "mm")
    t = stats.ttest_1samp([1.0, 2.0, 3.0, 6.0], 0.0).confidence_interval(0.95)
    assert (found.value, found.n, found.unit) == (3.0, 4, "mm")
    np.testing.assert_allclose((found.low, found.high), (t.low, t.high))


def test_a_standard_error_gives_a_normal_interval() -> None:
    found = from_error(2.0, 0.5, 8, "models")
    np.testing.assert_allclose((found.low, found.high), (1.02, 2.98), atol=1e-3)


def test_the_best_of_many_has_a_wider_interval() -> None:
    found = from_error(2.0, 0.5, 8, "models", best_of=10)
    np.testing.assert_allclose(found.high - 2.0, 0.5 * stats.norm.ppf(1 - 0.0025))
    assert found.interval.endswith("Bonferroni over 10")


def test_a_share_of_none_has_an_interval() -> None:
    found = share_of(0, 10, "methods")
    assert (found.value, found.low) == (0.0, 0.0)
    np.testing.assert_allclose(found.high, 1 - 0.025**0.1)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2, 3], [1, 2, 3], "at least 4"),
        ([1, 1, 1, 1], [1, 2, 3, 4], "differ"),
        ([1, 2, 3, 4], [1, 2, 3, 4, 5], "shapes"),
    ],
)
def test_a_rank_correlation_of_too_little_is_refused(
    x: list[int], y: list[int], message: str
) -> None:
    with pytest.raises(ScorerError, match=message):
        rank_correlation(x, y, "networks")


def test_a_mean_of_one_is_refused() -> None:
    with pytest.raises(ScorerError, match="at least 2 points"):
        mean_of([1.0], "points")


@pytest.mark.parametrize("sign", [1, -1])
def test_a_perfect_rank_correlation_is_within_its_interval(sign: int) -> None:
    x = np.arange(9)
    found = rank_correlation(x, sign * x**3, "networks")
    assert found.value == pytest.approx(sign)
    assert abs(found.low) <= 1
    assert abs(found.high) <= 1


@pytest.mark.parametrize("slope", [0.0, 0.8])
def test_rank_correlations_are_covered(slope: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 20))
    y = slope * x + rng.normal(size=x.shape)
    # Of normal pairs: 6 / pi arcsin(r / 2), Kruskal 1958.
    truth = 6 / np.pi * np.arcsin(slope / np.hypot(slope, 1) / 2)
    found = [rank_correlation(*pair, "networks") for pair in zip(x, y, strict=True)]
    held = np.mean([each.low <= truth <= each.high for each in found])
    assert 0.9 <= held <= 0.99


def test_auc_counts_pairs() -> None:
    rng = np.random.default_rng(1)
    high, low = rng.integers(0, 6, (3, 7)), rng.integers(0, 5, (3, 9))
    pairs = high[:, :, np.newaxis] - low[:, np.newaxis]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean(axis=(1, 2))
    np.testing.assert_allclose(auc(high, low), expected)
    assert auc([3.0, 4.0], [1.0, 2.0]) == 1.0
