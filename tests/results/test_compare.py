"""Comparisons pair records of one identity and tell a difference from luck."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scorer.errors import UsageError
from scorer.results.compare import compare, newest_pair
from scorer.results.record import Record, save_record
from tests.results.conftest import make_record


def saved(tmp_path: Path, method: str, shift: float, seed: int) -> Record:
    oracle = np.random.default_rng(0).normal(0, 2, (64, 30))
    unlearned = np.random.default_rng(seed).normal(shift, 2, (64, 30))
    record = make_record(method)
    arrays = {"unlearned_confidence": unlearned, "oracle_confidence": oracle}
    save_record(record, arrays, None, tmp_path)
    return record


def test_a_real_difference_is_found_and_luck_is_not(tmp_path: Path) -> None:
    records = [
        saved(tmp_path, "good", 0.0, 1),
        saved(tmp_path, "alike", 0.0, 5),
        saved(tmp_path, "bad", 3.0, 3),
    ]
    real = compare(records, "good", "bad", tmp_path).paired
    luck = compare(records, "good", "alike", tmp_path).paired
    assert real.difference > 3 * real.standard_error
    assert real.p_value < 0.05 < luck.p_value
    assert abs(luck.difference) < 3 * luck.standard_error
    assert compare(records, "bad", "good", tmp_path).paired.difference == -real.difference


def test_only_comparable_records_are_paired() -> None:
    small = make_record("a", n_models=16)
    with pytest.raises(UsageError, match="must have results that agree in task, fingerprint"):
        newest_pair([small, make_record("b")], "a", "b")
    with pytest.raises(UsageError, match=r"unknown result 'c'"):
        newest_pair([small, make_record("b")], "a", "c")
    old = make_record("a", created_at="2025-01-01", final_score=0.5)
    new = make_record("a")
    assert newest_pair([old, new, make_record("b")], "a", "b")[0] == new
