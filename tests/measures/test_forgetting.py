"""F and the scores made of it, beside ceiling and floor."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.measures.forgetting import MEASURE, compute
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.utility import relative_score
from tests.measures._banks import SimulatedBank, simulated_evidence


def test_the_ceiling_is_that_of_all_retrained_models() -> None:
    evidence = simulated_evidence(unlearned=SimulatedBank.of(3))
    measured = compute(evidence)
    found, ceiling = measured.values, evidence.ceiling
    assert found["ceiling"] == ceiling.forgetting_quality > 0
    assert found["ceiling_final_score"] == ceiling.final_score
    assert found["relative_score"] == found["final_score"] / ceiling.final_score
    strata = found["strata"].values()
    total = sum(one["n_examples"] * one["ceiling"] for one in strata)
    assert total / 12 == pytest.approx(found["ceiling"])
    np.testing.assert_array_equal(measured.arrays["ceiling_points"], ceiling.points)
    assert found["floor"] == found["floor_final_score"] == 0.0


def test_f_is_the_metrics_and_the_mean_of_its_strata() -> None:
    evidence = simulated_evidence()
    measured = compute(evidence)
    banks = evidence.confidence("unlearned"), evidence.confidence("oracle")
    assert measured.values["forgetting_quality"] == forgetting_quality(*banks, evidence.rule).value
    strata = measured.values["strata"].values()
    assert [one["n_examples"] for one in strata] == [4, 8]
    total = sum(one["n_examples"] * one["forgetting_quality"] for one in strata)
    assert total / 12 == pytest.approx(measured.values["forgetting_quality"])
    np.testing.assert_array_equal(measured.arrays["oracle_confidence"], banks[1])
    assert measured.arrays["points"].mean() == measured.values["forgetting_quality"]


def test_without_a_ceiling_there_is_no_relative_score_but_a_reason() -> None:
    # With 2 models no example earns a point, see `scorer.metric.counts`.
    roles = ("unlearned", "oracle", "control", "floor")
    few = {role: SimulatedBank.of(k, n_models=2) for k, role in enumerate(roles)}
    measured = compute(simulated_evidence(**few, originals=None))
    assert measured.values["ceiling_final_score"] == 0.0
    assert measured.values["relative_score"] is None
    assert measured.missing["relative_score"] == "the ceiling's final score is 0"
    assert "originals" not in measured.arrays


def test_relative_score_is_the_final_score_over_the_ceilings() -> None:
    assert relative_score(0.05, 0.2) == 0.25
    assert relative_score(0.05, 0.0) is None
    entry = next(one for one in MEASURE.measurements if one.name == "relative_score")
    assert callable(entry.floor)
    assert entry.floor({"floor_final_score": 0.1, "ceiling_final_score": 0.2}) == 0.5
    assert entry.floor({"floor_final_score": None, "ceiling_final_score": 0.2}) is None
