from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from scorer.metric.rules import make_rule
from tests.metric._samples import KINDS
from tests.reference import competition_epsilon

RULE = make_rule("competition")


def _bank(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, np.newaxis]


@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_full_grids(kind: str) -> None:
    rng = np.random.default_rng(len(kind))
    for n_models, n_examples in ((64, 3), (33, 2), (7, 3), (3, 2), (2, 1)):
        unlearned, oracle = KINDS[kind](rng, (n_models, n_examples))
        expected = [competition_epsilon(unlearned[:, s], oracle[:, s]) for s in range(n_examples)]
        np.testing.assert_allclose(RULE.epsilons(unlearned, oracle).epsilons, expected, atol=1e-9)


def test_equals_the_full_grids_with_512_models() -> None:
    rng = np.random.default_rng(512)
    for kind in ("same law", "narrow", "shifted up", "half the spread", "rounded to 0.01"):
        unlearned, oracle = KINDS[kind](rng, (512, 2))
        expected = [competition_epsilon(unlearned[:, s], oracle[:, s]) for s in range(2)]
        np.testing.assert_allclose(RULE.epsilons(unlearned, oracle).epsilons, expected, atol=1e-9)


@pytest.mark.parametrize("delta", [0.0, 0.01, 0.2])
def test_equals_the_full_grids_at_other_deltas(delta: float) -> None:
    rng = np.random.default_rng(3)
    unlearned, oracle = rng.normal(0.4, 1.2, (40, 8)), rng.normal(0, 1, (40, 8))
    found = make_rule("competition", delta=delta).epsilons(unlearned, oracle).epsilons
    expected = [competition_epsilon(unlearned[:, s], oracle[:, s], delta) for s in range(8)]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_reported_attack_makes_the_reported_errors(kind: str) -> None:
    unlearned, oracle = KINDS[kind](np.random.default_rng(9), (48, 12))
    result = RULE.epsilons(unlearned, oracle)
    for s in range(12):
        attack = result.attack(s)
        if attack.family in ("none", "range_ratio"):
            assert math.isnan(attack.low) and math.isnan(attack.fpr)
            assert attack.epsilon == 50.0
            continue
        inside, outside = oracle[:, s], unlearned[:, s]
        if attack.inside == "unlearned":
            inside, outside = outside, inside
        fpr = ((outside >= attack.low) & (outside <= attack.high)).mean()
        fnr = 1 - ((inside >= attack.low) & (inside <= attack.high)).mean()
        assert (attack.fpr, attack.fnr) == (pytest.approx(fpr), pytest.approx(fnr))
        if attack.family == "separated":
            assert (fpr, fnr, attack.epsilon) == (0, 0, 50.0)
        else:
            ratios = (1 - 1e-5 - fpr) / fnr, (1 - 1e-5 - fnr) / fpr
            assert attack.epsilon == pytest.approx(max(0, math.log(max(ratios))))


def test_perfect_separation_reaches_the_cap() -> None:
    result = RULE.epsilons(_bank(5, 6, 7, 8), _bank(0, 1, 2, 3))
    assert result.epsilons[0] == 50.0
    assert result.families == ["separated"]
    assert result.attack(0).inside == "unlearned"
    assert 3 < result.attack(0).low <= 5


def test_separation_by_an_interval_reaches_the_cap() -> None:
    result = RULE.epsilons(_bank(4.0, 4.2, 4.4, 4.6), _bank(0.0, 1.0, 8.0, 9.0))
    assert result.families == ["separated"]
    assert result.attack(0).inside == "unlearned"
    assert math.isfinite(result.attack(0).high)


def test_a_range_below_one_percent_of_the_other_reaches_the_cap() -> None:
    wide = np.linspace(0, 100, 40)
    just_below, just_above = np.linspace(50, 50.99, 40), np.linspace(50, 51.01, 40)
    result = RULE.epsilons(
        np.stack([just_below, just_above, wide], axis=1), np.stack([wide, wide, just_below], axis=1)
    )
    assert result.families[0] == result.families[2] == "range_ratio"
    assert result.families[1] != "range_ratio"
    assert result.epsilons[[0, 2]].tolist() == [50.0, 50.0]
    assert result.attack(0).inside == "unlearned"
    assert result.attack(2).inside == "oracle"


def test_an_example_without_any_attack_is_undecided_and_earns_nothing() -> None:
    unlearned, oracle = np.ones((8, 3)), np.ones((8, 3))
    oracle[:, 1] = np.linspace(0, 2, 8)
    result = RULE.epsilons(unlearned, oracle)
    assert result.families == ["none", "range_ratio", "none"]
    assert result.count("none") == 2
    assert RULE.points(result.epsilons, 8).tolist() == [0, 0, 0]


def test_only_the_larger_median_may_be_above_a_threshold() -> None:
    # 3 of 4 unlearned values lie above all but 1 of the oracles'; the interval family is too
    # narrow to see it the other way round, since the ranges are 300 times its margin.
    unlearned, oracle = _bank(-300, 200, 250, 300), _bank(-280, -250, -200, 290)
    for banks, inside in (((unlearned, oracle), "unlearned"), ((oracle, unlearned), "oracle")):
        attack = RULE.epsilons(*banks).attack(0)
        assert attack.family == "single"
        assert attack.inside == inside
        assert attack.epsilon == pytest.approx(math.log((0.75 - 1e-5) / 0.25))


def test_gaussian_shift_matches_its_tail() -> None:
    # Values on quantiles: with one oracle left above the threshold, the share of unlearned models
    # above it is the tail of the shifted law.
    n_models = 512
    levels = (np.arange(n_models) + 0.5) / n_models
    oracle = norm.ppf(levels)[:, np.newaxis]
    found = []
    for shift in (0.25, 0.5, 1.0, 1.5, 2.0, 3.0):
        epsilon = RULE.epsilons(oracle + shift, oracle).epsilons[0]
        tail = math.log(n_models * norm.sf(norm.isf(1 / n_models) - shift))
        assert tail - 0.05 < epsilon < tail + 0.45
        found.append(epsilon)
    assert found == sorted(found)


def test_gaussian_scale_matches_its_tails() -> None:
    n_models = 512
    levels = (np.arange(n_models) + 0.5) / n_models
    oracle = 2 * norm.ppf(levels)[:, np.newaxis]
    found = []
    for scale in (0.9, 0.75, 0.5, 0.3):
        epsilon = RULE.epsilons(scale * oracle, oracle).epsilons[0]
        tails = math.log(n_models * 2 * norm.sf(scale * norm.isf(1 / n_models)))
        assert tails - 0.7 < epsilon < tails + 0.4
        found.append(epsilon)
    assert found == sorted(found)


def test_laplace_shift_matches_its_constant_ratio() -> None:
    # Laplace laws shifted by d differ by exactly the factor exp(d) in either tail.
    levels = (np.arange(1024) + 0.5) / 1024
    oracle = np.where(levels < 0.5, np.log(2 * levels), -np.log(2 - 2 * levels))[:, np.newaxis]
    for shift in (0.5, 1.0, 2.0):
        epsilon = RULE.epsilons(oracle + shift, oracle).epsilons[0]
        assert shift - 0.02 < epsilon < shift + 0.45


@pytest.mark.parametrize("sd", [1.0, 3.0])
def test_null_quality_is_about_0_19(sd: float) -> None:
    rng = np.random.default_rng(int(sd))
    epsilons = RULE.epsilons(rng.normal(0, sd, (512, 300)), rng.normal(0, sd, (512, 300))).epsilons
    assert 0.15 < RULE.points(epsilons, 512).mean() < 0.24
    assert np.median(epsilons) == pytest.approx(1.61, abs=0.15)


def test_null_quality_is_lower_for_narrow_logits() -> None:
    rng = np.random.default_rng(10)
    epsilons = RULE.epsilons(
        rng.normal(0, 0.1, (512, 300)), rng.normal(0, 0.1, (512, 300))
    ).epsilons
    assert 0.10 < RULE.points(epsilons, 512).mean() < 0.155


@pytest.mark.parametrize(
    ("shift", "scale", "expected"), [(0.5, 1, 0.070), (1, 1, 0.016), (0, 0.75, 0.030)]
)
def test_quality_away_from_the_null_matches_the_published_simulation(
    shift: float, scale: float, expected: float
) -> None:
    rng = np.random.default_rng(11)
    unlearned = rng.normal(2 * shift, 2 * scale, (512, 300))
    epsilons = RULE.epsilons(unlearned, rng.normal(0, 2, (512, 300))).epsilons
    assert RULE.points(epsilons, 512).mean() == pytest.approx(expected, rel=0.25)


def test_the_unit_of_the_logits_matters() -> None:
    rng = np.random.default_rng(12)
    unlearned, oracle = rng.normal(size=(64, 20)), rng.normal(size=(64, 20))
    stretched = RULE.epsilons(10 * unlearned, 10 * oracle).epsilons
    assert (stretched != RULE.epsilons(unlearned, oracle).epsilons).any()
    # A shift by a number that float64 adds exactly changes nothing but rounding of the grids.
    moved = RULE.epsilons(unlearned + 8, oracle + 8).epsilons
    assert np.median(np.abs(moved - RULE.epsilons(unlearned, oracle).epsilons)) < 0.1
