"""What the platform is told of a record: finite numbers, and none that could rank after a fault."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from scorer.host.columns import COLUMNS, LARGEST, OVER_BUDGET, scores_of
from scorer.results.record import Record
from tests.results._records import make_record


def record_with(**measured: Any) -> Record:
    record = make_record()
    return msgspec.structs.replace(record, measured={**record.measured, **measured})


def test_every_column_has_a_number_where_all_is_measured() -> None:
    scores = scores_of(record_with(relative_score=0.5, within_budget=True, final_score=0.1))
    assert scores["rank_score"] == scores["relative_score"] == 0.5
    assert scores["within_budget"] == 1 and scores["faults"] == 0
    assert scores.keys() <= {column.key for column in COLUMNS}


@pytest.mark.parametrize("within", [False, None])
def test_what_did_not_keep_its_budget_ranks_below_all_others(within: bool | None) -> None:
    scores = scores_of(record_with(relative_score=0.9, within_budget=within))
    assert scores["rank_score"] == 0.9 - OVER_BUDGET < -900
    assert scores["relative_score"] == 0.9


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_what_is_no_number_is_left_out_and_what_is_too_large_is_cut(value: Any) -> None:
    scores = scores_of(record_with(relative_score=0.5, time_ratio=value, compute_ratio=1e300))
    assert "time_ratio" not in scores and scores["compute_ratio"] == LARGEST


def test_without_a_score_nothing_could_rank() -> None:
    assert scores_of(record_with(relative_score=None)) == {"faults": 0}
    fault = {"fault": "raised", "message": "", "trace": "", "run": 1, "kind": "run"}
    failed = msgspec.structs.replace(record_with(relative_score=0.5), faults=[fault, fault])
    assert scores_of(failed) == {"faults": 2}


def test_titles_and_keys_fit_the_platform() -> None:
    for column in COLUMNS:
        assert dataclasses.asdict(column) and len(column.key) <= 36 and len(column.title) <= 36
