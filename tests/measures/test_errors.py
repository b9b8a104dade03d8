"""Standard errors are the metric's, beside the numbers that they belong to."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.measures import MEASURES, fields
from scorer.measures.base import n_draws
from scorer.measures.errors import MEASURE, compute
from scorer.metric.ceiling import relative_score_error
from scorer.metric.jackknife import score_errors
from scorer.metric.utility import final_score, utility_ratios
from tests.measures._banks import SIZES, SimulatedBank, simulated_evidence


def test_errors_are_those_of_the_jackknife_and_of_the_pairings() -> None:
    evidence = simulated_evidence()
    accuracies = evidence.accuracies("unlearned"), evidence.accuracies("oracle")
    banks = evidence.confidence("unlearned"), evidence.confidence("oracle")
    expected = score_errors(
        *banks, evidence.rule, accuracies=accuracies, originals=evidence.originals
    )
    found = compute(evidence).values
    assert found["forgetting_quality_se"] == expected.forgetting_quality > 0
    assert found["final_score_se"] == expected.final_score
    assert found["between_originals_sd"] == expected.between_originals_sd
    assert found["ceiling_se"] == evidence.ceiling.forgetting_quality_se > 0
    final = final_score(evidence.quality("unlearned").value, utility_ratios(*accuracies))
    ceiling = evidence.ceiling.final_score, evidence.ceiling.final_score_se
    assert found["relative_score_se"] == relative_score_error(final, expected.final_score, *ceiling)


def banks_of(n_models: int) -> dict[str, SimulatedBank]:
    roles = ("unlearned", "control", "oracle", "floor")
    return {role: SimulatedBank.of(k, n_models=n_models) for k, role in enumerate(roles)}


def test_a_ceiling_of_0_is_said() -> None:
    still = SimulatedBank({name: np.ones((16, n)) for name, n in SIZES.items()})
    measured = compute(simulated_evidence(control=still, oracle=still))
    assert measured.missing == {"relative_score_se": "the ceiling's final score is 0"}


def test_too_few_models_have_a_ceiling_but_no_error() -> None:
    measured = compute(simulated_evidence(**banks_of(2), originals=(0, 0)))
    assert set(measured.values) == {"ceiling_se", "ceiling_final_score_se"}
    assert "needs 2 models after a quarter is left out" in measured.missing["final_score_se"]
    assert compute(simulated_evidence(**banks_of(3), originals=(0, 0, 0))).values.keys() == {
        name for name in MEASURE.fields() if name.endswith("_se")
    }


@pytest.mark.parametrize(
    ("originals", "reason"),
    [
        (None, "models of no original"),
        ((0,) * 16, "one original: every error holds given this original"),
        (tuple(range(16)), "one run an original"),
    ],
)
def test_what_the_errors_hold_for_is_said(originals: tuple[int, ...] | None, reason: str) -> None:
    measured = compute(simulated_evidence(originals=originals))
    assert "between_originals_sd" not in measured.values
    assert measured.missing["between_originals_sd"].startswith(reason)


def test_every_error_belongs_to_a_number_of_another_measure() -> None:
    entries = [entry for each in MEASURES.values() for entry in each.measurements]
    named = {path for entry in entries for path in (entry.error, entry.ceiling_error)}
    errors = {entry.name for entry in MEASURE.measurements if entry.name.endswith("_se")}
    assert errors <= named
    assert {entry.name for entry in MEASURE.measurements} <= set(fields())


def test_large_banks_get_fewer_draws() -> None:
    assert n_draws(100, 20, 64 * 130) == 100
    assert n_draws(100, 20, 64 * 2000) == 50
    assert n_draws(100, 20, 64 * 10**6) == 20
