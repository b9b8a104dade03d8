"""The permutation test of single examples against every exchange, drawn out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from scorer.metric.bounds import ks_p_values
from scorer.metric.interval_test import (
    SMALLEST_P_VALUE,
    advantage_p_values,
    exchange_p_values,
)


def spans(n_models: int) -> list[int]:
    """Return how far every walk that comes back spans: the slow and obvious way."""
    found = []
    for ups in itertools.combinations(range(2 * n_models), n_models):
        walk, at = [0], 0
        for step in range(2 * n_models):
            at += 1 if step in ups else -1
            walk.append(at)
        found.append(max(walk) - min(walk))
    return found


@pytest.mark.parametrize("n_models", [1, 2, 3, 4, 6])
def test_the_law_is_that_of_all_exchanges(n_models: int) -> None:
    every = np.array(spans(n_models))
    expected = [(every >= least).mean() for least in range(n_models + 1)]
    np.testing.assert_allclose(advantage_p_values(n_models), expected, atol=1e-12)


@pytest.mark.parametrize("n_models", [64, 512, 1024])
def test_the_law_falls_and_stays_a_probability(n_models: int) -> None:
    p_values = advantage_p_values(n_models)
    assert p_values[0] == p_values[1] == 1.0
    assert (np.diff(p_values) <= 0).all()
    assert p_values[-1] == SMALLEST_P_VALUE


def test_the_law_comes_to_that_of_kuiper() -> None:
    n, at = 1024, 1.747  # where the limit law of Kuiper's statistic leaves 5 %
    advantage = round(at * np.sqrt(2 / n) * n)
    assert advantage_p_values(n)[advantage] == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("decimals", [None, 1, 0])
def test_p_values_hold_under_one_law_with_ties_too(decimals: int | None) -> None:
    banks = np.random.default_rng(0).normal(size=(2, 32, 2000))
    if decimals is not None:
        banks = banks.round(decimals)
    p_values = exchange_p_values(*banks)
    for level in (0.2, 0.05, 0.01):
        assert (p_values <= level).mean() <= level + 3 * np.sqrt(level / 2000)


@pytest.mark.parametrize(
    ("shift", "spread"), [(1.0, 1.0), (0.0, 0.4), (0.0, 2.5)], ids=["shift", "narrow", "wide"]
)
def test_it_sees_shift_and_spread(shift: float, spread: float) -> None:
    rng = np.random.default_rng(1)
    unlearned, oracle = rng.normal(shift, spread, (64, 200)), rng.normal(size=(64, 200))
    assert (exchange_p_values(unlearned, oracle) <= 0.05).mean() > 0.9


def test_it_sees_a_hole_where_a_threshold_is_blind() -> None:
    rng = np.random.default_rng(2)
    oracle, sign = rng.normal(size=(64, 200)), rng.choice([-1.0, 1.0], (64, 200))
    unlearned = sign * stats.halfnorm.ppf(rng.uniform(0.4, 1.0, (64, 200)))
    assert (exchange_p_values(unlearned, oracle) <= 0.05).mean() > 0.9
    assert (ks_p_values(unlearned, oracle) <= 0.05).mean() < 0.8


def test_neither_order_nor_direction_nor_a_monotone_map_matters() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(2, 16, 20))
    found = exchange_p_values(one, other)
    for pair in ((other, one), (one[::-1], other), (np.exp(one), np.exp(other)), (-one, -other)):
        np.testing.assert_allclose(exchange_p_values(*pair), found)


def test_constant_banks() -> None:
    same, apart = np.zeros((8, 1)), np.ones((8, 1))
    assert exchange_p_values(same, same)[0] == 1.0
    assert exchange_p_values(same, apart)[0] < 0.001
