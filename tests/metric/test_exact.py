from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.rules import make_rule
from tests.metric._samples import KINDS
from tests.reference import exact_epsilon

RULE = make_rule("exact")


def _bank(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, np.newaxis]


@pytest.mark.parametrize("kind", KINDS)
def test_equals_brute_force(kind: str) -> None:
    rng = np.random.default_rng(len(kind))
    for n_models, n_examples in ((24, 2), (9, 6), (5, 12), (3, 12), (2, 12)):
        unlearned, oracle = KINDS[kind](rng, (n_models, n_examples))
        expected = [exact_epsilon(unlearned[:, s], oracle[:, s]) for s in range(n_examples)]
        np.testing.assert_allclose(RULE.epsilons(unlearned, oracle).epsilons, expected, atol=1e-12)


@pytest.mark.parametrize("delta", [0.0, 0.05, 0.3])
def test_equals_brute_force_at_other_deltas_with_ties(delta: float) -> None:
    rng = np.random.default_rng(4)
    unlearned = rng.integers(0, 6, (12, 40)).astype(float)
    oracle = rng.integers(1, 7, (12, 40)).astype(float)
    found = make_rule("exact", delta=delta).epsilons(unlearned, oracle).epsilons
    expected = [exact_epsilon(unlearned[:, s], oracle[:, s], delta) for s in range(40)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_worked_by_hand_with_ties() -> None:
    # Values 0 1 2 with counts unlearned 1 2 1, oracle 1 0 3. Predicting the oracle in [2, inf) has
    # 1 false positive and 1 miss: log(3/4 / 1/4).
    result = RULE.epsilons(_bank(0, 1, 1, 2), _bank(0, 2, 2, 2))
    assert result.epsilons[0] == pytest.approx(math.log(3), abs=1e-4)
    attack = result.attack(0)
    assert (attack.fpr, attack.fnr) == (0.25, 0.25)


def test_same_values_in_both_banks_give_0() -> None:
    result = RULE.epsilons(_bank(0, 0, 1, 1), _bank(1, 0, 0, 1))
    assert result.epsilons[0] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_increasing_maps_and_exchange_change_nothing(kind: str) -> None:
    unlearned, oracle = KINDS[kind](np.random.default_rng(6), (30, 20))
    epsilons = RULE.epsilons(unlearned, oracle).epsilons
    np.testing.assert_array_equal(RULE.epsilons(oracle, unlearned).epsilons, epsilons)
    mapped = RULE.epsilons(np.arcsinh(unlearned * 3), np.arcsinh(oracle * 3)).epsilons
    np.testing.assert_array_equal(mapped, epsilons)
    np.testing.assert_array_equal(RULE.epsilons(-unlearned, -oracle).epsilons, epsilons)


def test_exponential_map_changes_nothing() -> None:
    rng = np.random.default_rng(7)
    unlearned, oracle = rng.normal(0, 5, (512, 40)), rng.normal(1, 4, (512, 40))
    np.testing.assert_array_equal(
        RULE.epsilons(np.exp(unlearned), np.exp(oracle)).epsilons,
        RULE.epsilons(unlearned, oracle).epsilons,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_reported_attack_makes_the_reported_errors(kind: str) -> None:
    unlearned, oracle = KINDS[kind](np.random.default_rng(9), (48, 12))
    result = RULE.epsilons(unlearned, oracle)
    for s in range(12):
        attack = result.attack(s)
        if attack.family == "none":
            assert np.unique(np.concatenate([unlearned[:, s], oracle[:, s]])).size == 1
            continue
        inside, outside = oracle[:, s], unlearned[:, s]
        if attack.inside == "unlearned":
            inside, outside = outside, inside
        fpr = ((outside >= attack.low) & (outside <= attack.high)).mean()
        fnr = 1 - ((inside >= attack.low) & (inside <= attack.high)).mean()
        assert (attack.fpr, attack.fnr) == (pytest.approx(fpr), pytest.approx(fnr))
        is_open = math.isinf(attack.low) or math.isinf(attack.high)
        if attack.family != "separated":
            assert is_open == (attack.family == "single")
            assert (attack.family == "complement") <= (attack.inside == "unlearned")


def test_sees_the_hole_that_the_competition_rule_misses() -> None:
    # Unlearned models that avoid the middle: an event of probability 0.38 against 0.
    rng = np.random.default_rng(8)
    oracle = rng.normal(0, 3, (512, 30))
    unlearned = rng.normal(0, 3, (4000, 30))
    unlearned = np.stack([column[np.abs(column) > 1.5][:512] for column in unlearned.T], axis=1)
    unlearned[0] = 0.0
    assert np.median(RULE.epsilons(unlearned, oracle).epsilons) > 4.5
    competition = make_rule("competition").epsilons(unlearned, oracle).epsilons
    assert np.median(competition) < 2.5


@pytest.mark.parametrize(
    ("n_models", "mean_epsilon", "quality"), [(64, 2.10, 0.083), (512, 2.43, 0.057)]
)
def test_null_is_near_the_table_for_intervals_of_one_orientation(
    n_models: int, mean_epsilon: float, quality: float
) -> None:
    # The table's family is predicted as one bank only; complements raise epsilon a little.
    rng = np.random.default_rng(n_models)
    shape = (n_models, 400)
    epsilons = RULE.epsilons(rng.normal(size=shape), rng.normal(size=shape)).epsilons
    assert mean_epsilon < epsilons.mean() < mean_epsilon + 0.2
    assert quality - 0.025 < RULE.points(epsilons, n_models).mean() < quality


def test_never_below_the_single_thresholds_of_either_orientation() -> None:
    rng = np.random.default_rng(13)
    unlearned, oracle = rng.normal(0.5, 1, (40, 10)), rng.normal(0, 1, (40, 10))
    epsilons = RULE.epsilons(unlearned, oracle).epsilons
    for s in range(10):
        for threshold in np.concatenate([unlearned[:, s], oracle[:, s]]):
            above = (unlearned[:, s] >= threshold).mean(), (oracle[:, s] >= threshold).mean()
            for fpr, tpr in (above, above[::-1]):
                if fpr > 0 and tpr < 1:
                    assert epsilons[s] >= math.log(max(tpr - 1e-5, 1e-9) / fpr) - 1e-9
