"""What people see: every score with its error and conditions."""

from __future__ import annotations

from rich.console import Console

from scorer.results.leaderboard import build_leaderboard
from scorer.results.tables import group_markdown, group_table, record_tables
from tests.results.conftest import make_record


def text_of(*tables: object) -> str:
    console = Console(width=140, record=True, no_color=True)
    console.print(*tables)
    return console.export_text()


def test_the_leaderboard_shows_score_error_and_conditions() -> None:
    (group,) = build_leaderboard([make_record(), make_record("slow", within_budget=False)]).groups
    text = text_of(group_table(group))
    for part in ("N=64 models", "rule competition", "delta 1e-05", "design reuse-1",
                 "fingerprint ffffffff", "0.050 ± 0.004", "over budget"):  # fmt: skip
        assert part in text


def test_a_record_shows_strata_diagnosis_ceiling_and_floor() -> None:
    text = text_of(*record_tables(make_record()))
    for part in ("0.050 ± 0.004", "0.190 ± 0.020", "hard (65 examples)", "0.26 ± 0.03", "1.50"):
        assert part in text


def test_markdown_has_a_line_for_every_row() -> None:
    (group,) = build_leaderboard([make_record("a"), make_record("b")]).groups
    lines = group_markdown(group).splitlines()
    assert len([line for line in lines if line.startswith("|")]) == 2 + len(group.rows)
