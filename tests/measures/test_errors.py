"""Standard errors are the metric's, beside the numbers that they belong to."""

from __future__ import annotations

from scorer.measures import MEASURES, fields
from scorer.measures.base import n_draws
from scorer.measures.errors import MEASURE, compute
from scorer.metric.calibration import bootstrap_relative_score
from tests.measures._banks import SimulatedBank, simulated_evidence


def test_errors_are_those_of_the_bootstrap() -> None:
    evidence = simulated_evidence()
    unlearned, control, oracle = (
        (evidence.confidence(role), evidence.accuracies(role))
        for role in ("unlearned", "control", "oracle")
    )
    expected = bootstrap_relative_score(
        unlearned[0],
        control[0],
        oracle[0],
        evidence.rule,
        accuracies=(unlearned[1], control[1], oracle[1]),
    )
    found = compute(evidence).values
    assert found["forgetting_quality_se"] == expected.forgetting_quality.standard_error > 0
    assert found["relative_score_se"] == expected.relative_score.standard_error


def test_a_ceiling_of_0_in_some_resamples_is_said() -> None:
    measured = compute(simulated_evidence(control=SimulatedBank.of(3, shift=99.0)))
    assert "in some resamples" in measured.missing["relative_score_se"]


def test_every_error_belongs_to_a_number_of_another_measure() -> None:
    entries = [entry for each in MEASURES.values() for entry in each.measurements]
    named = {path for entry in entries for path in (entry.error, entry.ceiling_error)}
    assert {entry.name for entry in MEASURE.measurements} <= named
    assert {entry.name for entry in MEASURE.measurements} <= set(fields())


def test_large_banks_get_fewer_draws() -> None:
    assert n_draws(100, 20, 64 * 130) == 100
    assert n_draws(100, 20, 64 * 2000) == 50
    assert n_draws(100, 20, 64 * 10**6) == 20
