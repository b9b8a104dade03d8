from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from scorer.errors import UsageError
from scorer.metric.rules import FAMILIES, RULES, Rule, make_rule


def test_registry_lists_the_rules_by_name() -> None:
    assert list(RULES) == sorted(RULES)
    assert {"competition", "exact"} <= RULES.keys()
    for name, rule in RULES.items():
        assert issubclass(rule, Rule)
        assert make_rule(name).name == name
        assert make_rule(name, delta=0.01).delta == 0.01


def test_unknown_rule_is_answered_with_the_list() -> None:
    with pytest.raises(UsageError, match=r"'exat'\. Did you mean exact\? Known: .*comp"):
        make_rule("exat")


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_a_frozen_value(name: str) -> None:
    rule = make_rule(name)
    assert rule == make_rule(name)
    assert rule != make_rule(name, delta=0.1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.delta = 0.5  # type: ignore[misc]


@pytest.mark.parametrize("delta", [-0.1, 1.0, np.nan])
@pytest.mark.parametrize("name", RULES)
def test_delta_out_of_range_is_refused(name: str, delta: float) -> None:
    with pytest.raises(ValueError, match=r"`delta` must be in \[0, 1\), got"):
        make_rule(name, delta=delta)


@pytest.mark.parametrize("name", RULES)
def test_order_of_models_and_examples_does_not_matter(name: str) -> None:
    rng = np.random.default_rng(0)
    rule = make_rule(name)
    unlearned, oracle = rng.normal(0.3, 1, (40, 25)), rng.normal(0, 1.3, (40, 25)).round(1)
    epsilons = rule.epsilons(unlearned, oracle).epsilons
    of_models = rule.epsilons(rng.permutation(unlearned), rng.permutation(oracle)).epsilons
    np.testing.assert_array_equal(of_models, epsilons)
    order = rng.permutation(25)
    of_examples = rule.epsilons(unlearned[:, order], oracle[:, order]).epsilons
    np.testing.assert_array_equal(of_examples, epsilons[order])


@pytest.mark.parametrize("name", RULES)
def test_examples_do_not_influence_each_other(name: str) -> None:
    rng = np.random.default_rng(1)
    scales = np.array([1e-3, 0.1, 1.0, 30.0])
    unlearned, oracle = rng.normal(size=(3000, 4)) * scales, rng.normal(size=(3000, 4)) * scales
    rule = make_rule(name)
    together = rule.epsilons(unlearned, oracle)
    for s in range(4):
        alone = rule.epsilons(unlearned[:, [s]], oracle[:, [s]])
        assert alone.epsilons[0] == together.epsilons[s]
        assert alone.attack(0) == together.attack(s)


@pytest.mark.parametrize("name", RULES)
def test_inputs_are_left_alone_and_lists_are_taken(name: str) -> None:
    unlearned, oracle = [[0.0, 1.0], [1.0, 2.0], [4.0, 5.0]], [[0.5, 1.0], [2.0, 2.0], [3.0, 1.0]]
    arrays = np.array(unlearned, dtype=np.float32), np.array(oracle, dtype=np.float32)
    before = arrays[0].copy()
    result = make_rule(name).epsilons(*arrays)
    np.testing.assert_array_equal(arrays[0], before)
    np.testing.assert_array_equal(
        result.epsilons, make_rule(name).epsilons(unlearned, oracle).epsilons
    )
    assert result.epsilons.dtype == np.float64


@pytest.mark.parametrize("name", RULES)
def test_epsilons_and_families_stay_in_range(name: str) -> None:
    rng = np.random.default_rng(2)
    for n_models in (2, 3, 20):
        result = make_rule(name).epsilons(
            rng.integers(0, 4, (n_models, 60)), rng.integers(0, 4, (n_models, 60))
        )
        assert ((result.epsilons >= 0) & (result.epsilons <= 50)).all()
        assert sum(result.count(family) for family in FAMILIES) == 60


def test_two_models_earn_no_points() -> None:
    result = make_rule("exact").epsilons([[0.0], [1.0]], [[0.0], [1.0]])
    assert make_rule("exact").points(result.epsilons, 2).tolist() == [0.0]


def test_unknown_family_is_refused() -> None:
    result = make_rule("exact").epsilons([[0.0], [1.0]], [[0.0], [1.0]])
    with pytest.raises(ValueError, match="`family` must be one of none, range_ratio"):
        result.count("double")
