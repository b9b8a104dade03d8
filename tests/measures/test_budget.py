"""The budget bounds time and arithmetic; a time near the limit is told from one beyond it."""

from __future__ import annotations

import pytest

from scorer.measures import budget, compute
from scorer.measures.costs import BY_THE_KIT, NOT_AUDITED, Ratio, RunCosts
from tests.measures._banks import simulated_evidence
from tests.measures._costs import run_costs

SLOW = {"elapsed_s": [3.0, 3.1], "cpu_s": [3.0, 3.1]}
NEAR = {"elapsed_s": [1.9, 2.3]}
MUCH = {"multiply_adds": 300}


@pytest.mark.parametrize(
    ("changes", "within", "verdict"),
    [
        ({}, True, "within"),
        (NEAR, False, "at the limit"),
        ({"elapsed_s": [1.7, 2.1]}, True, "at the limit"),
        ({"multiply_adds": 200}, True, "within"),
        ({"multiply_adds": 201}, False, "over (compute)"),
        (SLOW, False, "over (time)"),
        ({**NEAR, **MUCH}, False, "over (compute)"),
        ({**SLOW, **MUCH}, False, "over (both)"),
    ],
)
def test_the_verdict_names_the_meter(
    changes: dict[str, object], within: bool, verdict: str
) -> None:
    found = budget.compute(simulated_evidence(costs=run_costs(**changes), budget=0.2)).values
    assert found == {"within_budget": within, "budget_verdict": verdict}
    assert set(found) == set(budget.FIELDS)


@pytest.mark.parametrize(
    ("by_request", "within", "verdict"),
    [
        ([{}, {}], True, "within"),
        ([{}, SLOW], False, "over (time)"),
        ([SLOW, MUCH, {}], False, "over (both)"),
        ([{}, NEAR, {}], False, "at the limit"),
        ([NEAR, MUCH], False, "over (compute)"),
    ],
)
def test_every_request_of_a_stream_has_a_budget(
    by_request: list[dict[str, object]], within: bool, verdict: str
) -> None:
    each = tuple(run_costs(**changes) for changes in by_request)
    evidence = simulated_evidence(costs=run_costs(), costs_by_request=each, budget=0.2)
    assert budget.compute(evidence).values == {"within_budget": within, "budget_verdict": verdict}
    unread = (*each, run_costs(multiply_adds=None))
    lacking = simulated_evidence(costs=run_costs(), costs_by_request=unread)
    assert budget.compute(lacking).missing == dict.fromkeys(budget.FIELDS, NOT_AUDITED)


@pytest.mark.parametrize(
    ("costs", "reason"),
    [
        (None, BY_THE_KIT),
        (run_costs(multiply_adds=None), NOT_AUDITED),
        (run_costs(elapsed_s=[], cpu_s=[]), "no run ended well"),
    ],
)
def test_without_a_reading_of_both_meters_nothing_is_said(
    costs: RunCosts | None, reason: str
) -> None:
    measured = budget.compute(simulated_evidence(costs=costs))
    assert measured.values == {}
    assert measured.missing == dict.fromkeys(budget.FIELDS, reason)


@pytest.mark.parametrize(
    ("value", "error", "verdict"),
    [
        (0.2, 0.0, "within"),
        (0.20001, 0.0, "over"),
        (0.21, 0.006, "at the limit"),
        (0.19, 0.006, "at the limit"),
        (0.19, 0.004, "within"),
        (0.21, 0.004, "over"),
    ],
)
def test_two_standard_errors_are_the_limit(value: float, error: float, verdict: str) -> None:
    assert Ratio(value, error).verdict(0.2) == verdict


def test_the_compute_ratio_is_exact() -> None:
    found = compute.compute(simulated_evidence(costs=run_costs(**MUCH))).values
    assert found == {
        "compute_ratio": pytest.approx(0.3),
        "multiply_adds": 300,
        "retraining_multiply_adds": 1000,
    }
    assert set(found) == set(compute.MEASURE.fields()) == set(compute.FIELDS)


@pytest.mark.parametrize(
    ("costs", "reason"), [(None, BY_THE_KIT), (run_costs(multiply_adds=None), NOT_AUDITED)]
)
def test_without_an_audit_there_is_a_reason(costs: RunCosts | None, reason: str) -> None:
    measured = compute.compute(simulated_evidence(costs=costs))
    assert measured.missing == dict.fromkeys(compute.FIELDS, reason)
