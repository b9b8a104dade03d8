"""Records of different oracles never stand side by side, whether the oracles are known or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scorer.errors import UsageError
from scorer.results.compare import compare
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import Record, read_records, save_record
from scorer.results.selection import select
from tests.results._records import make_record

NEW = "2026-01-02T00:00:00+00:00"
FAULTS = [{"fault": "raised", "message": "x", "trace": "", "run": 0}]


def ranked(*records: Record) -> list[str]:
    """Return the methods on the board of the one task."""
    (group,) = build_leaderboard(records).groups
    return sorted(row.method for row in group.rows if row.kind == "method")


def old(method: str, secret: str | None, **changes: object) -> Record:
    """Return a record from before banks had a digest."""
    return make_record(method, bank_sha256=None, pool_secret=secret, **changes)


def test_other_digests_other_boards() -> None:
    a, b = make_record("a"), make_record("b", bank_sha256="c" * 64, created_at=NEW)
    assert ranked(a, b) == ["b"]
    (apart,) = build_leaderboard([a, b]).not_comparable
    assert apart["reason"] == "bank_sha256 bbbbbbbb instead of cccccccc"


def test_oracles_of_no_digest_are_told_by_their_secret() -> None:
    one, other = old("a", "1" * 64), old("b", "2" * 64, created_at=NEW)
    assert ranked(one, other) == ["b"]
    (apart,) = build_leaderboard([one, other]).not_comparable
    assert (
        apart["reason"]
        == "bank_sha256 is not in the file, and it is of another pool: other oracles"
    )
    assert ranked(old("a", "1" * 64), old("b", "1" * 64)) == ["a", "b"]
    assert ranked(old("a", None), old("b", None)) == ["a", "b"], "before seeds came from a secret"
    assert ranked(old("a", None), old("b", "1" * 64, created_at=NEW)) == ["b"]


def test_a_digest_is_no_stranger_to_another_secret() -> None:
    """Where the digest is known it alone decides: one bank may be imported into other pools."""
    one = make_record("a", pool_secret="1" * 64)
    assert ranked(one, make_record("b", pool_secret="2" * 64)) == ["a", "b"]


@pytest.mark.parametrize("known", [True, False])
def test_they_are_not_compared_either(tmp_path: Path, known: bool) -> None:
    rng = np.random.default_rng(0)
    digests = ("b" * 64, "c" * 64) if known else (None, None)
    for name, digest, secret in zip("ab", digests, ("1" * 64, "2" * 64), strict=True):
        record = make_record(name, bank_sha256=digest, pool_secret=secret)
        banks = {f"{role}_confidence": rng.normal(size=(64, 5)) for role in ("unlearned", "oracle")}
        save_record(record, banks, None, tmp_path)
    with pytest.raises(UsageError, match=r"must have results that agree in .*bank_sha256"):
        compare(read_records(tmp_path), "a", "b", tmp_path)


def test_a_failure_before_any_oracle_gives_way_to_what_came_later() -> None:
    failed = old("a", None, faults=FAULTS, final_score=None)
    scored = make_record("a", created_at=NEW)
    assert select([failed, scored]).scored == [scored]
    assert select([failed, scored]).apart == []
    again = old("a", None, faults=FAULTS, final_score=None, created_at=NEW)
    assert [record for record, _ in select([failed, again]).apart] == [again]
    other = make_record("a", n_models=16, created_at=NEW)
    assert [record for record, _ in select([failed, other]).apart] == [failed]
    assert [record for record, _ in select([failed, make_record("b", created_at=NEW)]).apart] == [
        failed
    ]
