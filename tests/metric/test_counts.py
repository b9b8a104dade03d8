from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.counts import (
    epsilon_from_ratio,
    n_bins,
    points_from_epsilons,
    ratio_from_counts,
)
from tests import reference


@pytest.mark.parametrize("delta", [0.0, 1e-5, 0.1, 0.5])
@pytest.mark.parametrize("n_models", [2, 3, 10, 33])
def test_every_pair_of_counts_agrees_with_the_slow_version(n_models: int, delta: float) -> None:
    fp, fn = np.meshgrid(np.arange(n_models + 1), np.arange(n_models + 1))
    ratio = ratio_from_counts(fp, fn, n_models, delta)
    expected = np.vectorize(reference.epsilon_of_counts)(fp, fn, n_models, delta)
    np.testing.assert_array_equal(np.isneginf(ratio), np.isnan(expected))
    capped = np.where(np.isnan(expected), 50.0, np.minimum(expected, 50.0))
    np.testing.assert_allclose(epsilon_from_ratio(ratio), capped, atol=1e-12)


def _epsilon(fp: int, fn: int, n_models: int, delta: float = 0.0) -> float:
    return float(epsilon_from_ratio(ratio_from_counts(fp, fn, n_models, delta)))


def test_worked_by_hand() -> None:
    # 8 models, 1 false positive, 2 misses: log((1 - 2/8) / (1/8)) = log 6.
    assert _epsilon(1, 2, 8) == _epsilon(2, 1, 8) == pytest.approx(math.log(6))
    assert _epsilon(4, 4, 8) == _epsilon(4, 5, 8) == 0.0
    assert ratio_from_counts(0, 0, 8, 0.0) == math.inf
    for fp, fn in ((0, 3), (3, 0), (8, 8)):
        assert ratio_from_counts(fp, fn, 8, 1e-5) == -math.inf


def test_largest_finite_epsilon_is_the_one_of_the_published_table() -> None:
    largest = {64: 4.14, 128: 4.84, 256: 5.54, 512: 6.236, 1024: 6.93}
    for n_models, expected in largest.items():
        assert _epsilon(1, 1, n_models, 1e-5) == pytest.approx(expected, abs=0.006)


def test_bins_follow_the_number_of_models() -> None:
    assert [n_bins(n) for n in (2, 3, 64, 128, 256, 512, 1024, 2048)] == [
        0, 2, 10, 10, 12, 14, 14, 16
    ]  # fmt: skip


@pytest.mark.parametrize("n_models", [2, 3, 4, 64, 512, 1024])
def test_points_agree_with_a_walk_through_the_bins(n_models: int) -> None:
    edges = np.arange(0, 9, 0.5)
    epsilons = np.concatenate([edges, np.nextafter(edges[1:], 0), edges + 0.2, [50.0]])
    expected = [reference.points(epsilon, n_models) for epsilon in epsilons]
    np.testing.assert_array_equal(points_from_epsilons(epsilons, n_models), expected)
