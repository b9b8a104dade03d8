"""Comparisons pair records of one identity and tell a difference from luck."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.errors import ScorerError, UsageError
from scorer.results.compare import QUESTIONS, comparable_pairs, compare
from scorer.results.record import Record, arrays_path, read_arrays, save_record
from tests.results._records import make_record


def saved(tmp_path: Path, method: str, shift: float, seed: int, **changes: Any) -> Record:
    oracle = np.random.default_rng(0).normal(0, 2, (64, 30))
    unlearned = np.random.default_rng(seed).normal(shift, 2, (64, 30))
    record = make_record(method, **changes)
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
    assert real.p_equal_law < 0.05 < luck.p_equal_law
    assert real.p_equal_quality < 0.05 < luck.p_equal_quality
    assert abs(luck.difference) < 3 * luck.standard_error
    assert compare(records, "bad", "good", tmp_path).paired.difference == -real.difference


def test_each_p_value_says_what_it_answers(tmp_path: Path) -> None:
    records = [saved(tmp_path, "good", 0.0, 1), saved(tmp_path, "bad", 3.0, 3)]
    found = compare(records, "good", "bad", tmp_path)
    values = found.as_dict()
    assert values["questions"] == QUESTIONS
    for name in QUESTIONS:
        assert values[name] == getattr(found.paired, name)


def test_a_method_is_not_compared_with_itself(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="compare needs two methods, got good twice"):
        compare([saved(tmp_path, "good", 0.0, 1)], "good", "good", tmp_path)


def test_scores_of_other_banks_are_not_compared(tmp_path: Path) -> None:
    records = [
        saved(tmp_path, "one", 0.0, 1, bank_sha256="a" * 64),
        saved(tmp_path, "two", 0.0, 2, bank_sha256="b" * 64),
    ]
    with pytest.raises(UsageError, match=r"must have results that agree in .* bank_sha256"):
        compare(records, "one", "two", tmp_path)


def test_what_keeps_two_methods_apart_is_said(tmp_path: Path) -> None:
    records = [
        saved(tmp_path, "one", 0.0, 1),
        saved(tmp_path, "two", 0.0, 2, scenario="retain-free"),
        saved(tmp_path, "two", 0.0, 2, scenario="streaming:4", created_at="2025-01-01"),
    ]
    with pytest.raises(UsageError, match="of one has scenario standard instead of retain-free;"):
        compare(records, "one", "two", tmp_path)
    records.append(saved(tmp_path, "one", 0.0, 1, scenario="retain-free"))
    assert compare(records, "one", "two", tmp_path).as_dict()["scenario"] == "retain-free"


def test_runs_of_several_originals_are_left_out_together(tmp_path: Path) -> None:
    records = [saved(tmp_path, "one", 0.0, 1), saved(tmp_path, "two", 0.5, 2)]
    blind = compare(records, "one", "two", tmp_path).paired
    for record in records:
        arrays = read_arrays(record, tmp_path)
        save_record(record, {**arrays, "originals": np.arange(64) % 4}, None, tmp_path)
    own = compare(records, "one", "two", tmp_path).paired
    assert own.difference == blind.difference
    # Four originals leave three degrees of freedom.
    assert own.p_equal_quality > blind.p_equal_quality


def test_only_comparable_records_are_paired() -> None:
    small = make_record("a", n_models=16)
    with pytest.raises(UsageError, match="must have results that agree in task, forget, fing"):
        comparable_pairs([small, make_record("b")], "a", "b")
    with pytest.raises(UsageError, match=r"unknown result 'c'"):
        comparable_pairs([small, make_record("b")], "a", "c")
    faults = [{"fault": "raised", "message": "x", "trace": "", "run": 3}]
    failed = make_record("a", faults=faults, final_score=None)
    with pytest.raises(UsageError, match="a must have a score to be compared, got: 1 of 64 runs"):
        comparable_pairs([failed, make_record("b")], "a", "b")
    old = make_record("a", created_at="2025-01-01")
    new = make_record("a")
    other = [make_record("b"), make_record("b", n_models=16, created_at="2024-01-01")]
    pairs = comparable_pairs([old, new, small, *other], "a", "b")
    assert pairs == [(new, other[0]), (small, other[1])]


def test_records_whose_arrays_are_not_sound_are_named(tmp_path: Path) -> None:
    good, bad = saved(tmp_path, "good", 0.0, 1), saved(tmp_path, "bad", 3.0, 3)
    older = [
        saved(tmp_path, name, 0.0, 5, n_models=32, run_id="older", created_at="2025-01-01")
        for name in ("good", "bad")
    ]
    arrays = arrays_path(bad, tmp_path)
    np.savez(arrays, oracle_confidence=np.zeros((64, 30)))
    found = compare([good, bad, *older], "good", "bad", tmp_path)
    assert [found.first, found.second] == older
    assert [problem.path for problem in found.problems] == [arrays]
    with pytest.raises(ScorerError, match="must hold the arrays unlearned_confidence and oracle"):
        compare([good, bad], "good", "bad", tmp_path)
    np.savez(arrays, oracle_confidence=np.zeros((64, 7)), unlearned_confidence=np.zeros((64, 7)))
    with pytest.raises(ScorerError, match="must be of the oracles of good, got others"):
        compare([good, bad], "good", "bad", tmp_path)
    sound = read_arrays(good, tmp_path)
    np.savez(arrays, **sound, originals=np.arange(3))  # type: ignore[arg-type]
    with pytest.raises(ScorerError, match="must fit the arrays of good: `originals` must name"):
        compare([good, bad], "good", "bad", tmp_path)
    arrays.unlink()
    with pytest.raises(ScorerError, match=r"run-bad\.npz must hold the arrays of the record"):
        compare([good, bad], "good", "bad", tmp_path)


def test_the_scores_of_one_split_are_compared(tmp_path: Path) -> None:
    for split, shift in ((3, 3.0), (4, 0.0)):
        which = {
            "split_seed": split,
            "fingerprint": f"{split}" * 64,
            "created_at": f"2026-0{split}",
        }
        for seed, method in enumerate(("one", "two")):
            saved(tmp_path, method, shift * seed, 1 + 4 * seed, run_id=f"{method}{split}", **which)

    def difference(*more: str) -> dict[str, Any]:
        arguments = ("compare", "one", "two", "--results-dir", str(tmp_path), "--json", *more)
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        values: dict[str, Any] = json.loads(result.stdout)
        return values

    assert difference("--split-seed", "3")["p_equal_law"] < 0.05
    assert difference("--split-seed", "4")["p_equal_law"] > 0.05
    assert difference() == difference("--split-seed", "4"), "the newest"
    refused = CliRunner().invoke(
        main, ["compare", "one", "two", "--results-dir", str(tmp_path), "--split-seed", "5"]
    )
    assert refused.exit_code == 2
    assert "must have results with --split-seed 5 to be compared, got some with 3 and 4" in (
        refused.output
    )
