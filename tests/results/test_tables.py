"""What people see: every score with its error and conditions."""

from __future__ import annotations

import dataclasses
import json

import pytest

from scorer.measures import MEASURES
from scorer.results.leaderboard import build_leaderboard, columns
from scorer.results.record import read_record
from scorer.results.tables import (
    group_markdown,
    group_table,
    p_equation,
    p_number,
    plain_text,
    record_tables,
    warnings,
)
from tests.results._records import make_record
from tests.results.test_migrations import VERSION_1

F = {"forgetting_quality": 0.05, "forgetting_quality_se": 0.004, "final_score": 0.05,
     "final_score_se": 0.004, "ceiling": 0.19, "ceiling_se": 0.02, "relative_score": 0.26,
     "relative_score_se": 0.03}  # fmt: skip

WIDTH = 20 + 20 * len(columns())
"""Characters of a terminal that has room for the columns of all measures."""


def test_the_leaderboard_shows_score_error_and_conditions() -> None:
    slow = make_record("slow", within_budget=False, budget_verdict="over (time)")
    (group,) = build_leaderboard([make_record(**F), slow]).groups
    text = " ".join(plain_text(group_table(group), width=WIDTH).split())
    for part in ("N=64 models", "rule competition", "delta 1e-05", "design reuse-1",
                 "fingerprint ffffffff", "0.050 ± 0.004", "over (time)", "within"):  # fmt: skip
        assert part in text
    assert "missing" not in text


def test_a_long_name_hides_no_number() -> None:
    name = "very_long_" * 20
    (group,) = build_leaderboard([make_record(**F), make_record(name, **F)]).groups
    text = plain_text(group_table(group), width=WIDTH)
    assert text.count("0.050 ± 0.004") == 4
    assert text.count("very_long") > 12
    text = plain_text(*record_tables(make_record(name, **F)))
    assert "0.050 ± 0.004" in text and "0.190 ± 0.020" in text
    assert "…" not in text


def test_a_record_shows_strata_diagnosis_ceiling_and_floor() -> None:
    text = plain_text(*record_tables(make_record(**F)))
    for part in ("0.050 ± 0.004", "0.190 ± 0.020", "hard (65 examples)", "0.26 ± 0.03",
                 "0.25 (0.25)"):  # fmt: skip
        assert part in text
    assert "missing" not in text


def test_a_table_of_a_record_is_what_it_always_was(monkeypatch: pytest.MonkeyPatch) -> None:
    record, kept = read_record(VERSION_1), json.loads(VERSION_1.read_text())
    of_then = {
        name: dataclasses.replace(
            one, measurements=tuple(e for e in one.measurements if e.name.split(".")[0] in kept)
        )
        for name, one in MEASURES.items()
    }
    monkeypatch.setitem(vars(MEASURES), "members", of_then)
    text = plain_text(*record_tables(record))
    assert text == VERSION_1.with_suffix(".txt").read_text().rstrip()


def test_tables_say_why_something_is_missing() -> None:
    missing = {"time_ratio": "nothing was timed", "klom": "not asked for"}
    record = make_record(time_ratio=None, within_budget=None, klom=None, missing=missing)
    text = plain_text(*record_tables(record))
    words = " ".join(text.split())
    assert "missing: time / retraining (nothing was timed)" in words
    assert "missing: KLoM on forget, p95, misses small spread (ceiling), KLoM on retain" in words
    (group,) = build_leaderboard([record]).groups
    text = plain_text(group_table(group), width=WIDTH)
    assert "missing: time / retrain of finetune (nothing was timed)" in text
    many = [make_record(name, time_ratio=None, missing=missing) for name in "abcdefg"]
    (group,) = build_leaderboard(many).groups
    text = plain_text(group_table(group), width=WIDTH)
    assert "missing: time / retrain of 7 methods (nothing was timed)" in text


def test_counts_are_shown_where_they_are_not_0() -> None:
    line = "examples with the same output in every run"
    diagnosis = make_record().diagnosis
    for count, shown in ((0, False), (3, True)):
        record = make_record(diagnosis={**diagnosis, "n_without_spread": count})
        assert (line in plain_text(*record_tables(record))) is shown


def test_a_doubtful_score_carries_a_warning() -> None:
    for share, shown in ((0.0, False), (0.02, True), (None, False)):
        record = make_record(tiny_spread_share=share)
        words = " ".join(plain_text(*record_tables(record)).split())
        assert ("warning: on 2% of the forget examples" in words) is shown
        assert len(warnings(record)) == shown


def test_the_set_level_p_is_a_column() -> None:
    joint = {**make_record().joint, "p_value": 0.005}
    (group,) = build_leaderboard([make_record(joint=joint)]).groups
    heads, _, *rows = [line for line in group_markdown(group).splitlines() if line.startswith("|")]
    place = [head.strip() for head in heads.split("|")].index("p joint")
    assert rows[1].split("|")[place].strip() == "0.005"


def test_errors_stand_in_the_diagnosis_too() -> None:
    joint = make_record().joint | {
        "mean_variance_ratio": 22.5, "mean_variance_ratio_se": 5.0,
        "mean_variance_ratio_ceiling": 1.5, "mean_variance_ratio_ceiling_se": 0.2,
    }  # fmt: skip
    assert "22.50 ± 5.00 (1.50 ± 0.20)" in plain_text(*record_tables(make_record(joint=joint)))


@pytest.mark.parametrize(
    ("value", "number", "equation"),
    [(0.0, "< 0.001", "p < 0.001"), (0.001, "0.001", "p = 0.001"), (1.0, "1.000", "p = 1.000")],
)
def test_no_p_is_shown_as_0(value: float, number: str, equation: str) -> None:
    assert (p_number(value), p_equation(value)) == (number, equation)


def test_markdown_has_a_line_for_every_row() -> None:
    (group,) = build_leaderboard([make_record("a"), make_record("b")]).groups
    lines = group_markdown(group).splitlines()
    assert len([line for line in lines if line.startswith("|")]) == 2 + len(group.rows)
