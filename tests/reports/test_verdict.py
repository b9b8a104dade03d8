"""The sentence at the head of a report follows from the numbers."""

from __future__ import annotations

from typing import Any

import pytest

from scorer.reports.verdict import headline, verdict
from tests.results._records import make_record

BASE: dict[str, Any] = {
    "relative_score": 0.15, "relative_score_se": 0.03, "ceiling_final_score": 0.2,
    "floor_final_score": 0.02, "permutation_p_value": 0.5, "time_ratio": 0.1, "compute_ratio": 0.1,
    "within_budget": True, "budget_verdict": "within",
}  # fmt: skip


def joint(p_value: float | None) -> dict[str, Any]:
    """Return what the set-level test found."""
    return {**make_record().joint, "p_value": p_value}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "reaches 15 ± 3 % of what retraining gets"),
        ({"relative_score_se": None}, "reaches 15 % of what retraining gets"),
        ({}, "that is not told from doing nothing (the untouched original gets 10 %)"),
        ({"relative_score": 0.4}, "better than doing nothing"),
        ({"relative_score": 0.01}, "worse than doing nothing"),
        ({"permutation_p_value": 0.005}, "example by example, 64 models tell it from retraining"),
        ({"joint": joint(0.01)}, "no single example gives it away, but 64 whole models do"),
        ({"joint": joint(0.3)}, "64 models cannot tell it from retraining"),
        ({}, "within the budget of 20 %"),
        ({"budget_verdict": "at the limit"}, "arithmetic, at the limit of the budget of 20 %"),
        ({"within_budget": False, "budget_verdict": "over (time)"}, "over (time), the budget is"),
        ({"relative_score": None, "missing": {"relative_score": "why"}}, "no relative score of"),
    ],
)
def test_the_sentence_follows_from_the_numbers(changes: dict[str, Any], said: str) -> None:
    assert said in verdict(make_record(**{**BASE, **changes}))


@pytest.mark.parametrize(
    "name", ["time_ratio", "compute_ratio", "floor_final_score", "permutation_p_value", "joint",
             "budget_verdict"]
)  # fmt: skip
def test_what_is_not_known_is_left_out(name: str) -> None:
    said = verdict(make_record(**{**BASE, name: None}))
    assert "None" not in said and said.endswith(".")
    assert all(len(tile) == 3 for tile in headline(make_record(**{**BASE, name: None})))


def test_without_a_score_it_says_what_failed() -> None:
    fault = {"fault": "timeout", "message": "", "trace": "", "run": 0}
    assert "1 of 64 runs failed: timeout" in verdict(make_record(faults=[fault]))
