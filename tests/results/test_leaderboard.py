"""Who is ranked with whom, in what order, and when two are tied."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from scorer.results.leaderboard import Group, Row, build_leaderboard, columns, is_ahead
from scorer.results.record import Record
from scorer.results.tables import group_title
from tests.results._records import make_record


def scored(method: str, final_score: float, se: float = 0.001, **changes: Any) -> Record:
    return make_record(method, final_score=final_score, final_score_se=se, **changes)


def methods(records: list[Record]) -> list[str]:
    (group,) = build_leaderboard(records).groups
    return [row.method for row in group.rows]


def test_ceiling_first_methods_by_score_floor_last() -> None:
    records = [scored("a", 0.01), scored("b", 0.09), scored("c", 0.05)]
    assert methods(records) == ["ceiling", "b", "c", "a", "floor"]


def test_pinned_rows_come_from_the_record() -> None:
    record = make_record(
        ceiling=0.19, ceiling_final_score=0.2, ceiling_final_score_se=0.02, floor=0.01,
        floor_final_score=0.1, control_accuracy={"retain": 0.9}, original_accuracy={"test": 0.8},
    )  # fmt: skip
    (group,) = build_leaderboard([record]).groups
    ceiling, floor = group.rows[0].as_dict(), group.rows[-1].as_dict()
    names = ("forgetting_quality", "final_score", "relative_score", "time_ratio")
    assert [ceiling[name] for name in names] == [0.19, 0.2, 1.0, 1.0]
    assert [floor[name] for name in names] == [0.01, 0.1, 0.5, 0.0]
    assert (ceiling["retain_accuracy"], floor["test_accuracy"]) == (0.9, 0.8)
    assert (ceiling["final_score_se"], floor["final_score_se"]) == (0.02, None)
    assert ceiling["rank_best"] is ceiling["budget_verdict"] is None


def test_a_row_survives_its_json_and_columns_are_those_with_values() -> None:
    record = make_record(time_ratio=None, missing={"time_ratio": "not timed"})
    (group,) = build_leaderboard([record]).groups
    again = [Row.from_dict(json.loads(json.dumps(row.as_dict()))) for row in group.rows]
    assert again == group.rows
    assert again[1].missing == {"time_ratio": "not timed"}
    empty = [Row.from_dict({**row.as_dict(), "time_ratio": None}) for row in group.rows]
    shown = [entry.column for entry in Group(group.identity, empty, 0.2).columns()]
    assert shown == [entry.column for entry in columns() if entry.name != "time_ratio"]
    assert shown[:5] == ["F", "RA", "TA", "compute / retrain", "budget"]


def test_differences_within_noise_are_ties() -> None:
    records = [scored("a", 0.050, 0.01), scored("b", 0.055, 0.01), scored("c", 0.2, 0.01)]
    (group,) = build_leaderboard(records).groups
    ranks = {row.method: (row.rank_best, row.rank_worst) for row in group.rows}
    assert ranks["c"] == (1, 1)
    assert ranks["a"] == ranks["b"] == (2, 3)


def test_what_the_kit_makes_itself_is_pinned_without_a_rank_whatever_its_name() -> None:
    records = [
        scored("retrain", 0.2, method_sha256="", method_path=""),
        scored("original", 0.01, method_sha256="", method_path=""),
        scored("poor", 0.001),
        scored("fair", 0.1),
    ]
    (group,) = build_leaderboard(records).groups
    assert [(row.method, row.kind, row.rank_best, row.rank_worst) for row in group.rows[1:-1]] == [
        ("retrain", "reference", None, None),
        ("original", "reference", None, None),
        ("fair", "method", 1, 1),
        ("poor", "method", 2, 2),
    ]
    (group,) = build_leaderboard([scored("retrain", 0.2), scored("poor", 0.001)]).groups
    assert [row.kind for row in group.rows[1:-1]] == ["method", "method"]


def test_the_more_methods_the_larger_a_difference_has_to_be() -> None:
    # 1.96 errors of a difference between two methods, 3.54 among twenty.
    for n_methods, limit in ((2, 1.960), (20, 3.544)):
        scores = np.zeros(n_methods)
        for step, told in ((0.99, False), (1.01, True)):
            scores[0] = step * limit * 2**0.5
            found = is_ahead(scores, np.ones(n_methods))
            assert found[0, 1:].tolist() == [told] * (n_methods - 1)
            assert not found[1:].any() and not found[0, 0]
    assert not is_ahead([1.0], [0.1]).any()


def test_a_method_without_an_error_is_tied_with_all() -> None:
    records = [scored("a", 0.9), scored("b", 0.1), make_record("c", final_score=0.5,
               final_score_se=None)]  # fmt: skip
    (group,) = build_leaderboard(records).groups
    ranks = {row.method: (row.rank_best, row.rank_worst) for row in group.rows}
    assert ranks["c"] == (1, 3)
    assert (ranks["a"], ranks["b"]) == ((1, 2), (2, 3))


def test_over_budget_ranks_below_everything_within_it() -> None:
    records = [scored("slow", 0.15, within_budget=False), scored("poor", 0.001)]
    (group,) = build_leaderboard(records).groups
    ranks = {row.method: (row.rank_best, row.rank_worst) for row in group.rows}
    assert [row.method for row in group.rows] == ["ceiling", "poor", "slow", "floor"]
    assert (ranks["poor"], ranks["slow"]) == ((1, 1), (2, 2))


def test_only_the_newest_of_a_method_counts() -> None:
    old = scored("a", 0.2, created_at="2026-01-01T00:00:00+00:00")
    new = scored("a", 0.1, created_at="2026-01-02T00:00:00+00:00")
    (group,) = build_leaderboard([new, old]).groups
    assert [row.values["final_score"] for row in group.rows if row.method == "a"] == [0.1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_models": 16}, "n_models 16 instead of 64"),
        ({"rule": "exact"}, "rule exact instead of competition"),
        ({"delta": 1e-3}, "delta 0.001 instead of 1e-05"),
        ({"fingerprint": "0" * 64}, "fingerprint 00000000 instead of ffffffff"),
        ({"design": "reuse-n"}, "design reuse-n instead of reuse-1"),
        ({"engine_id": "cuda"}, "engine_id cuda instead of cpu-loop-float32-torch2.14.1"),
        ({"bank_sha256": "c" * 64}, "bank_sha256 cccccccc instead of bbbbbbbb"),
        ({"bank_sha256": None}, "bank_sha256 not in the file instead of bbbbbbbb"),
    ],
)
def test_what_differs_is_listed_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    board = build_leaderboard([make_record("a"), make_record("b"), make_record("c", **changes)])
    assert [group.identity["n_models"] for group in board.groups] == [64]
    assert [(one["method"], one["reason"]) for one in board.not_comparable] == [("c", reason)]


def test_failed_runs_are_listed_never_ranked() -> None:
    faults = [{"fault": "raised", "message": "x", "trace": "", "run": 3}]
    board = build_leaderboard([make_record("a"), make_record("b", faults=faults)])
    assert [row.method for row in board.groups[0].rows] == ["ceiling", "a", "floor"]
    assert board.not_comparable[0]["reason"] == "1 of 64 runs failed: raised"


def test_every_task_has_its_own_table() -> None:
    board = build_leaderboard([make_record("a"), make_record("a", task="fashion_mnist")])
    assert [group.identity["task"] for group in board.groups] == ["digits", "fashion_mnist"]
    assert board.not_comparable == []


def test_every_forget_set_has_its_own_table_the_tasks_own_first() -> None:
    changes = [("class:3", "b"), ("default", "c"), ("a:1", "a")]
    records = [
        scored("x", 0.1, forget=forget, fingerprint=letter * 64) for forget, letter in changes
    ]
    records += [scored("y", 0.2, forget="class:3", fingerprint="d" * 64, created_at="2025")]
    board = build_leaderboard(records)
    assert [group.identity["forget"] for group in board.groups] == ["default", "a:1", "class:3"]
    titles = [group_title(group).partition(": N=")[0] for group in board.groups]
    assert titles == ["digits", "digits, forget a:1", "digits, forget class:3"]
    (apart,) = board.not_comparable
    assert (apart["method"], apart["forget"]) == ("y", "class:3")
    assert apart["reason"] == "fingerprint dddddddd instead of bbbbbbbb"


def test_every_scenario_of_a_task_has_its_own_table() -> None:
    faults = [{"fault": "needs_retain", "message": "x", "trace": "", "run": 0}]
    records = [
        make_record("a"),
        make_record("a", scenario="retain-free"),
        make_record("b", scenario="streaming:4"),
        make_record("c", scenario="streaming:4", design="reuse-n"),
        make_record("d", scenario="streaming:4"),
        make_record("e", scenario="retain-free", faults=faults),
    ]
    board = build_leaderboard(records)
    assert [group.identity["scenario"] for group in board.groups] == [
        "retain-free", "standard", "streaming:4",
    ]  # fmt: skip
    assert [[row.method for row in group.rows[1:-1]] for group in board.groups] == [
        ["a"], ["a"], ["b", "d"],
    ]  # fmt: skip
    assert [(one["method"], one["scenario"], one["reason"]) for one in board.not_comparable] == [
        ("e", "retain-free", "1 of 64 runs failed: needs_retain"),
        ("c", "streaming:4", "design reuse-n instead of reuse-1"),
    ]


def test_nothing_gives_nothing() -> None:
    board = build_leaderboard([])
    assert (board.groups, board.not_comparable) == ([], [])


def test_a_file_named_like_a_baseline_is_told_from_it_whichever_is_newer() -> None:
    own = {"method_path": "submission/finetune.py", "run_id": "own", "method_sha256": "c" * 64}
    for when in ("2025-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"):
        records = [scored("finetune", 0.05), scored("finetune", 0.09, created_at=when, **own)]
        assert methods(records) == [
            "ceiling", "finetune (submission/finetune.py)", "finetune", "floor",
        ]  # fmt: skip
    assert methods([scored("finetune", 0.09, **own)]) == ["ceiling", "finetune", "floor"]


@pytest.mark.parametrize("name", ["ceiling", "floor", "original", "retrain"])
def test_a_record_with_the_name_of_a_row_of_the_kit_is_told_from_it(name: str) -> None:
    """None is made any more, but there are files of former releases."""
    path = f"submission/{name}.py"
    (group,) = build_leaderboard([scored(name, 0.05, method_path=path)]).groups
    assert [(row.method, row.kind) for row in group.rows] == [
        ("ceiling", "ceiling"), (f"{name} ({path})", "method"), ("floor", "floor"),
    ]  # fmt: skip
