"""Least differences follow what is simulated, and hold for fresh methods."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import make_rule
from scorer.plan.power import LIKE, ORACLE_SD, RHO, least_differences, quality_seconds
from scorer.simulated.banks import normal_bank


@pytest.mark.parametrize("rule", ["competition", "exact"])
def test_worse_methods_have_a_lower_f_and_the_ceiling_is_the_unit(rule: str) -> None:
    found = least_differences(16, 40, make_rule(rule))
    assert [one.like for one in found] == list(LIKE)
    qualities = [one.forgetting_quality for one in found]
    assert qualities == sorted(qualities, reverse=True)
    for one in found:
        assert one.relative_difference == pytest.approx(one.difference / qualities[0])
        assert one.n == 32


def test_more_examples_tell_smaller_differences() -> None:
    rule = make_rule("competition")
    few, many = (least_differences(16, n, rule)[0].difference for n in (20, 320))
    assert many < 0.7 * few


def test_equal_methods_seldom_differ_by_that_much() -> None:
    rule, rng = make_rule("competition"), np.random.default_rng(7)
    least = least_differences(16, 40, rule)[0].difference
    differences = []
    for _ in range(40):
        oracle, *own = (ORACLE_SD * normal_bank(rng, 16, 40, rho=RHO) for _ in range(3))
        one, other = (forgetting_quality(bank, oracle, rule).value for bank in own)
        differences.append(abs(one - other))
    assert np.mean(np.array(differences) > least) <= 0.1
    assert max(differences) > 0.3 * least


def test_two_models_get_a_plan_too() -> None:
    # Under rule `competition` nobody earns a point then, so that nothing can differ.
    for one in least_differences(2, 5, make_rule("competition")):
        assert (one.difference, one.relative_difference) == (0.0, None)


def test_one_f_takes_some_time() -> None:
    assert quality_seconds(8, 10, make_rule("exact")) >= 0.0
