"""Which record speaks for a method."""

from __future__ import annotations

from scorer.results.selection import select
from tests.results._records import make_record

FAULTS = [{"fault": "raised", "message": "x", "trace": "", "run": 3}]


def test_the_newest_of_a_method_and_identity_counts_in_any_order() -> None:
    old = make_record("a", created_at="2026-01-01")
    new = make_record("a", created_at="2026-01-02")
    other = make_record("a", created_at="2025-01-01", n_models=16)
    assert select([new, old, other]).scored == [new, other]
    assert select([old, other, new]).scored == [new, other]


def test_an_older_score_never_stands_in_for_a_newer_failure() -> None:
    old = make_record("a", created_at="2026-01-01")
    failed = make_record("a", created_at="2026-01-02", faults=FAULTS, final_score=None)
    selection = select([old, failed])
    assert selection.scored == []
    assert selection.apart == [(failed, "1 of 64 runs failed: raised")]


def test_a_record_without_a_final_score_is_apart_with_the_reason() -> None:
    record = make_record("a", final_score=None, missing={"final_score": "not asked for"})
    assert select([record]).apart == [(record, "no final score: not asked for")]
