"""`report` and the pages of other verbs, from the user's side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scorer.cli import main
from scorer.reports import cards
from tests.reports._scores import keep_score


@pytest.fixture(autouse=True)
def few_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one of the worst and one of the best examples: how they look is tested elsewhere."""
    monkeypatch.setattr(cards, "N_CARDS", 1)


@pytest.fixture
def results_dir(tmp_path: Path) -> Path:
    """Two scores of one method, the newer one better, and one of another."""
    folder = tmp_path / "results"
    keep_score(folder, "mine", 3.0, run_id="old", created_at="2026-01-01T00:00:00+00:00")
    keep_score(folder, "mine", 0.0, run_id="new", created_at="2026-01-02T00:00:00+00:00")
    keep_score(folder, "other", 1.0)
    return folder


def call(results_dir: Path, *arguments: str) -> Result:
    nowhere = str(results_dir / "nowhere")
    folders = ("--results-dir", str(results_dir), "--cache-dir", nowhere, "--data-dir", nowhere)
    return CliRunner().invoke(main, [*arguments, *folders])


def test_the_newest_result_is_written_beside_its_record(results_dir: Path) -> None:
    result = call(results_dir, "report", "mine")
    assert result.exit_code == 0, result.stderr
    page = results_dir / "digits" / "mine" / "new.html"
    assert result.stdout == f"report: {page}\n"
    assert "digits is another task by now" in result.stderr
    assert "<h1>mine" in page.read_text()
    assert call(results_dir, "leaderboard").stdout.count("mine") == 1


def test_file_and_figures_go_where_they_are_asked_for(results_dir: Path, tmp_path: Path) -> None:
    out, figures = tmp_path / "deep" / "er" / "page.html", tmp_path / "figures"
    asked = "--out", str(out), "--figures", str(figures), "--json"
    result = call(results_dir, "report", "path/to/mine.py", *asked)
    assert result.exit_code == 0, result.stderr
    values = json.loads(result.stdout)
    assert values["report"] == str(out) and values["run_id"] == "new"
    assert "another task" in values["problems"]["pictures"]
    stems = {path.stem for path in figures.glob("*.png")}
    assert stems == {path.stem for path in figures.glob("*.svg")}
    assert {"board", "epsilons", "bias-mean"} <= stems


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "mime"), "unknown result 'mime'. Did you mean mine?"),
        (("report",), "unknown result 'unlearn'"),
        (("report", "mine", "--task", "digit"), "unknown task 'digit'"),
    ],
)
def test_unknown_names_are_usage_errors(
    results_dir: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = call(results_dir, *arguments)
    assert result.exit_code == 2 and said in result.stderr


def test_a_folder_or_a_file_in_the_way_is_said(results_dir: Path, tmp_path: Path) -> None:
    assert call(results_dir, "report", "mine", "--out", str(tmp_path)).exit_code == 2
    record = results_dir / "digits" / "mine" / "new.json"
    kept = record.read_bytes()
    for asked in (("report", "mine", "--out"), ("leaderboard", "--html")):
        result = call(results_dir, *asked, str(record))
        assert result.exit_code == 2 and "must be a file that ends in .html" in result.stderr
    assert record.read_bytes() == kept
    (tmp_path / "file").write_text("")
    result = call(results_dir, "report", "mine", "--out", str(tmp_path / "file" / "page.html"))
    assert result.exit_code == 1 and "error: " in result.stderr


def test_board_and_comparison_become_pages_beside_what_is_printed(
    results_dir: Path, tmp_path: Path
) -> None:
    (results_dir / "digits" / "mine" / "new.html").write_text("a report")
    for arguments in (("leaderboard",), ("compare", "mine", "other")):
        page = tmp_path / f"{arguments[0]}.html"
        result = call(results_dir, *arguments, "--html", str(page))
        assert result.exit_code == 0, result.stderr
        assert str(page) in result.stderr
        assert result.stdout == call(results_dir, *arguments).stdout
        assert "mine" in page.read_text()
    assert 'href="results/digits/mine/new.html"' in (tmp_path / "leaderboard.html").read_text()
