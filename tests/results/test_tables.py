"""What people see: every score with its error and conditions; the README's tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from scorer.bench import Report
from scorer.errors import ScorerError
from scorer.results.leaderboard import build_leaderboard
from scorer.results.readme import SNAPSHOTS, render_readme, save_example, save_snapshot
from scorer.results.tables import group_markdown, group_table, record_tables
from scorer.settings import PROJECT_ROOT
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


def test_the_example_of_the_quickstart_is_what_score_printed(tmp_path: Path) -> None:
    save_example(make_record("adversarial"), tmp_path)
    rendered = render_readme("<!-- example digits-adversarial --><!-- end -->", tmp_path)
    assert "adversarial on digits: N=64 models" in rendered
    assert "0.050 ± 0.004" in rendered
    with pytest.raises(ScorerError, match=r"example digits-x, but .* is missing"):
        render_readme("<!-- example digits-x --><!-- end -->", tmp_path)


def test_markdown_has_a_line_for_every_row() -> None:
    (group,) = build_leaderboard([make_record("a"), make_record("b")]).groups
    lines = group_markdown(group).splitlines()
    assert len([line for line in lines if line.startswith("|")]) == 2 + len(group.rows)


def test_the_readme_is_rendered_from_snapshots(tmp_path: Path) -> None:
    (group,) = build_leaderboard([make_record("a")]).groups
    accuracies = np.array([0.9, 0.92])
    arrays = {f"oracle_accuracy_{name}": accuracies for name in ("retain", "test", "forget")}
    save_snapshot(group, make_record().provenance["environment"], arrays, tmp_path)
    text = "before\n<!-- leaderboard digits -->\nold\n<!-- end -->\nafter"
    rendered = render_readme(text, tmp_path)
    assert "old" not in rendered
    assert "| a |" in rendered
    assert "torch 2.14.1" in rendered
    assert "Accuracy of the 64 oracles" in rendered
    assert "test 91.0 ± 1.4 %" in rendered
    assert rendered.startswith("before\n")
    assert rendered.endswith("<!-- end -->\nafter")
    assert render_readme(rendered, tmp_path) == rendered
    with pytest.raises(ScorerError, match=r"cifar10.json is missing"):
        render_readme("<!-- leaderboard cifar10 -->", tmp_path)


def test_the_projects_own_readme_is_what_its_snapshots_say() -> None:
    text = (PROJECT_ROOT / "README.md").read_text()
    assert list(SNAPSHOTS.glob("*.json")), "no leaderboard was kept"
    assert render_readme(text) == text


def test_figures_of_benches_are_rendered_from_their_files(tmp_path: Path) -> None:
    report = Report("metric", "python -m scorer bench metric --rounds 5")
    report.add("rule competition", "s", [0.5, 0.25, 1.0])
    report.notes.append("simulated")
    report.save(tmp_path)
    Report("metricology", "no such bench").save(tmp_path)
    text = "before\n<!-- bench metric -->\nold\n<!-- end -->\nafter"
    rendered = render_readme(text, tmp_path, tmp_path)
    assert "old" not in rendered
    assert "| rule competition | 0.5 | 0.25 to 1 | s | 3 |" in rendered
    for part in ("- simulated", "`python -m scorer bench metric --rounds 5`", " cores, Python "):
        assert part in rendered
    assert rendered.startswith("before\n")
    assert rendered.endswith("<!-- end -->\nafter")
    assert render_readme(rendered, tmp_path, tmp_path) == rendered
    with pytest.raises(ScorerError, match=r"run `python -m scorer bench oracles --save`"):
        render_readme("<!-- bench oracles --><!-- end -->", tmp_path, tmp_path)
    with pytest.raises(ScorerError, match=r"bench of metric in README.md must end with"):
        render_readme("<!-- bench metric -->", tmp_path, tmp_path)
