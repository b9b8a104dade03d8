"""Times of runs against retrainings."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.measures.base import RunTimes
from scorer.measures.time import FIELDS, MEASURE, compute
from tests.measures._banks import simulated_evidence


def times(elapsed_s: list[float], retraining_s: list[float]) -> RunTimes:
    return RunTimes(np.array(elapsed_s), np.array(retraining_s), 400.0)


def test_the_ratio_and_its_error() -> None:
    found = compute(simulated_evidence(times=times([1.0, 3.0], [10.0, 10.0]))).values
    assert (found["elapsed_s"], found["retraining_s"], found["peak_mib"]) == (2.0, 10.0, 400.0)
    assert found["time_ratio"] == pytest.approx(0.2)
    assert found["time_ratio_se"] == pytest.approx(0.1)
    assert set(found) == set(MEASURE.fields()) == set(FIELDS)


@pytest.mark.parametrize(("budget", "within"), [(0.3, True), (0.1, False)])
def test_the_budget_decides(budget: float, within: bool) -> None:
    evidence = simulated_evidence(times=times([2.0, 2.0], [10.0, 10.0]), budget=budget)
    assert compute(evidence).values["within_budget"] is within


@pytest.mark.parametrize(
    ("taken", "reason"),
    [
        (None, "made by the kit itself, nothing was timed"),
        (times([], [1.0]), "no run ended well"),
        (times([1.0], []), "no retraining ended well"),
    ],
)
def test_without_times_there_is_a_reason(taken: RunTimes | None, reason: str) -> None:
    measured = compute(simulated_evidence(times=taken))
    assert measured.values == {}
    assert measured.missing == dict.fromkeys(FIELDS, reason)
