from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.counts import (
    epsilon_from_counts,
    n_bins,
    points_from_epsilons,
    surviving_ratio,
)
from tests import reference


@pytest.mark.parametrize("delta", [0.0, 1e-5, 0.1, 0.5])
@pytest.mark.parametrize("n_models", [2, 3, 10, 33])
def test_every_pair_of_counts_agrees_with_the_slow_version(n_models: int, delta: float) -> None:
    fp, fn = np.meshgrid(np.arange(n_models + 1), np.arange(n_models + 1))
    found = epsilon_from_counts(fp, fn, n_models, delta)
    expected = np.vectorize(reference.epsilon_of_counts)(fp, fn, n_models, delta)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    # The ratio that the searches maximise is the same thing, wherever epsilon is above 0.
    ratio = surviving_ratio(fp, fn, n_models * (1 - delta))
    survives = ~np.isnan(found)
    np.testing.assert_array_equal(ratio > -np.inf, survives)
    epsilons = np.log(np.maximum(ratio[survives], 1.0))
    np.testing.assert_allclose(epsilons, found[survives], atol=1e-12)


def test_worked_by_hand() -> None:
    # 8 models, 1 false positive, 2 misses: log((1 - 2/8) / (1/8)) = log 6.
    assert epsilon_from_counts(1, 2, 8, 0.0) == pytest.approx(math.log(6))
    assert epsilon_from_counts(0, 0, 8, 0.0) == math.inf
    assert math.isnan(epsilon_from_counts(0, 3, 8, 0.0))
    assert math.isnan(epsilon_from_counts(3, 0, 8, 0.0))
    assert math.isnan(epsilon_from_counts(8, 8, 8, 1e-5))
    assert epsilon_from_counts(4, 4, 8, 0.0) == 0.0


def test_largest_finite_epsilon_is_the_one_of_the_published_table() -> None:
    largest = {64: 4.14, 128: 4.84, 256: 5.54, 512: 6.236, 1024: 6.93}
    for n_models, expected in largest.items():
        found = float(epsilon_from_counts(1, 1, n_models, 1e-5))
        assert found == pytest.approx(expected, abs=0.006)


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
