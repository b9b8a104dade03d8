"""Accuracies of whatever banks there are."""

from __future__ import annotations

import dataclasses

import pytest

from scorer.measures.utility import compute
from tests.measures._banks import simulated_evidence


def test_means_by_bank_and_set_and_single_models_as_arrays() -> None:
    evidence = simulated_evidence()
    measured = compute(evidence)
    expected = evidence.banks["floor"].accuracy("test").mean()
    assert measured.values["original_accuracy"]["test"] == pytest.approx(expected)
    assert measured.values["test_accuracy"] == measured.values["accuracy"]["test"]
    assert measured.arrays["oracle_accuracy_val"].shape == (16,)
    assert measured.missing == {}


def test_the_unlearned_models_suffice() -> None:
    evidence = simulated_evidence(oracle=None, control=None, floor=None)
    another = {**evidence.banks, "retrain": evidence.banks["unlearned"]}
    measured = compute(dataclasses.replace(evidence, banks=another))
    assert 0 < measured.values["retain_accuracy"] < 1
    assert measured.missing == {
        "oracle_accuracy": "needs oracle models",
        "control_accuracy": "needs control models",
        "original_accuracy": "needs floor models",
    }
