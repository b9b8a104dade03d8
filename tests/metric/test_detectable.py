"""What N models can see, held against simulations of the tests that are meant."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.bounds import epsilon_lower_bounds
from scorer.metric.detectable import (
    chance_epsilon,
    detectable_epsilon,
    largest_certifiable_epsilon,
)
from scorer.metric.interval_test import exchange_p_values
from scorer.metric.rules import make_rule


@pytest.mark.parametrize("n_models", [16, 64])
@pytest.mark.parametrize("delta", [1e-5, 0.1])
def test_a_coin_of_that_epsilon_is_found_four_times_of_five(n_models: int, delta: float) -> None:
    epsilon = detectable_epsilon(n_models, delta=delta)
    assert epsilon is not None
    heads = (math.exp(epsilon) + delta) / (math.exp(epsilon) + 1)
    rng = np.random.default_rng(0)
    unlearned, oracle = (rng.random((n_models, 3000)) < p for p in (heads, 1 - heads))
    found = (exchange_p_values(unlearned.astype(float), oracle.astype(float)) <= 0.05).mean()
    assert 0.77 < found < 0.84


def test_it_falls_with_n_and_with_delta() -> None:
    found = [detectable_epsilon(n) for n in (8, 32, 128)]
    assert found == sorted(found, reverse=True)  # type: ignore[type-var]
    assert detectable_epsilon(64, delta=0.1) < detectable_epsilon(64)  # type: ignore[operator]
    assert detectable_epsilon(128, delta=0.5) == 0.0


@pytest.mark.parametrize("n_models", [2, 3, 4])
def test_too_few_models_tell_nothing(n_models: int) -> None:
    assert detectable_epsilon(n_models) is None
    apart = np.zeros((n_models, 1)), np.ones((n_models, 1))
    assert exchange_p_values(*apart)[0] > 0.05


@pytest.mark.parametrize("n_models", [4, 17, 64])
def test_banks_without_overlap_get_the_largest_bound(n_models: int) -> None:
    rng = np.random.default_rng(1)
    unlearned, oracle = rng.normal(9.0, 1.0, (n_models, 5)), rng.normal(-9.0, 1.0, (n_models, 5))
    bounds = epsilon_lower_bounds(unlearned, oracle).epsilons_lb
    assert bounds.max() == largest_certifiable_epsilon(n_models)
    assert largest_certifiable_epsilon(3) is None


@pytest.mark.parametrize("rule", ["competition", "exact"])
def test_chance_takes_one_example_in_twenty_above(rule: str) -> None:
    rng = np.random.default_rng(2)
    chosen = make_rule(rule)
    banks = rng.normal(0.0, 2.0, (2, 32, 200))
    limit = chance_epsilon(*banks, chosen)
    fresh = rng.normal(0.0, 2.0, (2, 32, 1000))
    assert 0.02 < (chosen.epsilons(*fresh).epsilons > limit).mean() < 0.09


def test_chance_does_not_grow_with_a_leak() -> None:
    rng = np.random.default_rng(3)
    rule = make_rule("competition")
    unlearned, oracle = rng.normal(3.0, 1.0, (32, 100)), rng.normal(0.0, 1.0, (32, 100))
    assert chance_epsilon(unlearned, oracle, rule) < np.median(
        rule.epsilons(unlearned, oracle).epsilons
    )


def test_shares_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="`power` must be in"):
        detectable_epsilon(64, power=1.0)
    with pytest.raises(ValueError, match="`significance` must be in"):
        detectable_epsilon(64, significance=0.0)
    with pytest.raises(ValueError, match="`significance` must be in"):
        chance_epsilon(np.zeros((2, 1)), np.zeros((2, 1)), make_rule("exact"), significance=2.0)
