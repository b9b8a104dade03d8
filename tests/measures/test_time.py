"""Times of runs against retrainings."""

from __future__ import annotations

import pytest

from scorer.measures.costs import BY_THE_KIT, RunCosts
from scorer.measures.time import FIELDS, MEASURE, compute
from tests.measures._banks import simulated_evidence
from tests.measures._costs import run_costs


def test_the_ratio_and_its_error() -> None:
    found = compute(simulated_evidence(costs=run_costs(elapsed_s=[1.0, 3.0]))).values
    assert (found["elapsed_s"], found["retraining_s"], found["peak_mib"]) == (2.0, 10.0, 400.0)
    assert found["wall_ratio"] == found["time_ratio"] == pytest.approx(0.2)
    assert found["cpu_ratio"] == pytest.approx(0.1)
    assert found["time_ratio_se"] == pytest.approx(0.1)
    assert set(found) == set(MEASURE.fields()) == set(FIELDS)


@pytest.mark.parametrize(
    ("changes", "ratio"),
    [
        ({"cpu_s": [3.0, 3.0]}, 0.3),
        ({"elapsed_s": [3.0, 3.0]}, 0.3),
        ({"cpu_s": [3.0, 3.0], "cpu_counts": False}, 0.1),
        ({"cpu_s": [1.0, 1.0], "retraining_cpu_s": [4.0, 4.0]}, 0.25),
    ],
)
def test_the_larger_of_wall_and_processor_time_counts_where_the_processor_works(
    changes: dict[str, object], ratio: float
) -> None:
    found = compute(simulated_evidence(costs=run_costs(**changes))).values
    assert found["time_ratio"] == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("taken", "reason"),
    [
        (None, BY_THE_KIT),
        (run_costs(elapsed_s=[], cpu_s=[]), "no run ended well"),
        (run_costs(retraining_s=[], retraining_cpu_s=[]), "no retraining ended well"),
    ],
)
def test_without_times_there_is_a_reason(taken: RunCosts | None, reason: str) -> None:
    measured = compute(simulated_evidence(costs=taken))
    assert measured.values == {}
    assert measured.missing == dict.fromkeys(FIELDS, reason)
