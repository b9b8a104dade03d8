"""Asking for measures: every field gets a value or a reason."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from scorer.errors import UsageError
from scorer.measures import MEASURES, fields, measure, roles_needed
from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.results.schema import record_type
from tests.measures._banks import simulated_evidence
from tests.measures._costs import run_costs


def top_level() -> set[str]:
    return {path.split(".")[0] for path in fields()}


def test_all_measures_fill_all_fields_with_the_types_that_they_declare() -> None:
    measured = measure(simulated_evidence(costs=run_costs(), asked=("loss",)))
    assert set(measured.values) == top_level()
    others = ("probabilities", "features", "gradient")
    not_asked = {f"attacks.{name}" for name in others} | {"relearning", "barrier"}
    assert measured.missing.keys() == not_asked
    conditions = dict.fromkeys(("method", "task", "fingerprint", "engine_id", "rule", "design",
                                "scenario", "run_id", "created_at"), "x")  # fmt: skip
    msgspec.convert(
        {**conditions, "n_models": 2, "delta": 0.0, "faults": [], **measured.values}, record_type()
    )


def test_what_was_not_asked_for_or_cannot_be_says_so() -> None:
    evidence = simulated_evidence(control=None, oracle=None)
    measured = measure(evidence, ["utility", "klom"])
    assert set(measured.values) == top_level()
    assert measured.missing["forgetting_quality"] == "not asked for"
    assert measured.missing["klom"] == "needs control and oracle models"
    assert measured.values["accuracy"].keys() == {"retain", "forget", "val", "test"}


def test_only_the_banks_that_the_asked_measures_need_are_named() -> None:
    assert roles_needed(["time"]) == set()
    assert roles_needed(["time", "utility"]) == {"unlearned"}
    assert roles_needed() == {"unlearned", "oracle", "control", "floor"}
    with pytest.raises(UsageError, match=r"unknown measure 'klon'\. Did you mean klom"):
        roles_needed(["klon"])
    with pytest.raises(UsageError, match=r"unknown measure 'klon'"):
        measure(simulated_evidence(), ["klon"])


def with_measure(
    monkeypatch: pytest.MonkeyPatch, compute: Callable[[Evidence], Measured]
) -> Measured:
    """Return what a measure of one object with two numbers gives."""
    entries = tuple(Measurement(f"odd.{name}", "") for name in ("one", "two"))
    family = Measure("odd", "", frozenset(), entries, compute)
    monkeypatch.setitem(MEASURES.members, "odd", family)
    return measure(simulated_evidence(), ["odd"])


def test_numbers_that_are_not_finite_become_none_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values: dict[str, Any] = {"odd": {"one": float("-inf"), "two": float("nan")}}
    measured = with_measure(monkeypatch, lambda _: Measured(values, {"odd.two": "no models"}))
    assert measured.values["odd"] == {"one": None, "two": None}
    assert measured.missing["odd.one"] == "not a finite number: -inf"
    assert measured.missing["odd.two"] == "no models"


@pytest.mark.parametrize("values", [{}, {"odd": {}, "even": 1.0}])
def test_a_measure_that_gives_other_fields_than_it_declares_is_refused(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match=r"measure odd must give a value or a reason for each of"):
        with_measure(monkeypatch, lambda _: Measured(values))


def test_two_measures_with_a_number_of_one_name_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = (Measurement("time_ratio", ""),)
    family = Measure("watch", "", frozenset(), entries, lambda _: Measured({"time_ratio": 1.0}))
    monkeypatch.setitem(MEASURES.members, "watch", family)
    with pytest.raises(TypeError, match=r"'time_ratio' must be of one measure, got time and watch"):
        fields()


def test_reading_what_measures_there_are_imports_nothing_slow() -> None:
    code = "import sys, scorer.measures as m; m.fields(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "scorer.measures.klom" in loaded
    assert not loaded & {"torch", "scipy.special", "scipy.stats", "sklearn"}


def test_evidence_scores_a_bank_once() -> None:
    evidence = simulated_evidence()
    assert evidence.quality("control") is evidence.quality("control")
    again = dataclasses.replace(evidence)
    assert again.quality("control").value == evidence.quality("control").value
