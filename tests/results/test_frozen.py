"""Frozen boards: shown from their file, never computed again; what changed since is marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from scorer.cli import main
from scorer.errors import ScorerError, UsageError
from scorer.results.frozen import BOARDS_FOLDER, changes, freeze, read_frozen
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import Record, save_record
from tests.results._records import make_record

TUNED = '"""Mine.\n\nTuned on: nothing at all\n"""\n'


def keep(results: Path, method: str, **changes: Any) -> Record:
    """Save a record with a copy of its submission."""
    record = make_record(method, **{"method_path": f"{method}.py", "task": "digits", **changes})
    save_record(record, {"epsilons": np.zeros(2)}, TUNED.encode(), results)
    return record


def call(results: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["leaderboard", "--results-dir", str(results), *arguments])


def test_a_board_is_kept_with_what_a_reader_needs(tmp_path: Path) -> None:
    keep(tmp_path, "one")
    result = call(tmp_path, "--freeze", "spring", "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    (group,) = values["groups"]
    assert (values["name"], values["version"]) == ("spring", 1) and values["kit_version"]
    assert group["bank_sha256"] == "b" * 64 and group["hardware"] == ["cpu"]
    (row,) = group["disclosures"]
    assert row["tuned"] == "nothing at all" and row["method_sha256"] == "a" * 64
    assert (tmp_path / BOARDS_FOLDER / "spring@1.json").is_file()


def test_it_is_shown_from_its_file_when_the_results_are_gone_or_others(tmp_path: Path) -> None:
    record = keep(tmp_path, "one")
    first = call(tmp_path, "--freeze", "spring").stdout
    assert "one: tuned on nothing at all" in first and "version 1" in first
    for path in (tmp_path / "digits" / "one").iterdir():
        path.unlink()
    keep(tmp_path, "two", relative_score=0.9)
    again = call(tmp_path, "--frozen", "spring")
    assert again.exit_code == 0 and again.stdout == first
    assert record.method in again.stdout and "two" not in again.stdout


def test_a_row_whose_submission_or_bank_is_another_now_is_marked(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def unlearning(net, retain, forget, val):\n    pass\n")
    record = keep(tmp_path / "r", "mine", method_path=str(mine))
    board = build_leaderboard([record])
    frozen = freeze(board, [record], {}, "b", tmp_path / "r")
    run = record.run_id
    assert changes(frozen, {run: "a" * 64}, [record]) == {}
    assert changes(frozen, {run: "c" * 64}, [record]) == {
        run: ["the submission is another, cccccccc"]
    }
    (gone,) = changes(frozen, {run: None}, [record])[run]
    assert gone == f"the submission {mine} is gone"
    newer = make_record("x", bank_sha256="d" * 64, created_at="2027-01-01T00:00:00+00:00")
    assert changes(frozen, {run: "a" * 64}, [record, newer])[run] == [
        "newer scores have another bank, dddddddd"
    ]
    elsewhere = make_record("x", bank_sha256="d" * 64, n_models=8, created_at="2027-01-01")
    assert changes(frozen, {run: "a" * 64}, [record, elsewhere]) == {}
    shown = call(tmp_path / "r", "--frozen", "b").stdout
    assert "CHANGED SINCE: the submission is another" in shown, "the file is not the record's"
    mine.unlink()
    assert f"the submission {mine} is gone" in call(tmp_path / "r", "--frozen", "b").stdout


def test_a_name_that_is_taken_gets_the_next_version(tmp_path: Path) -> None:
    record = keep(tmp_path, "one")
    board = build_leaderboard([record])
    versions = [freeze(board, [record], {}, "b", tmp_path).version for _ in range(3)]
    assert versions == [1, 2, 3]
    assert read_frozen("b", tmp_path).version == 3 and read_frozen("b@2", tmp_path).version == 2
    for wrong, said in (("c", "unknown frozen board 'c'"), ("b@9", "must be one of b@1, b@2"),
                        ("b@x", "must be one of")):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            read_frozen(wrong, tmp_path)
    assert not list(build_leaderboard([record]).not_comparable)


@pytest.mark.parametrize("name", ["", "../b", "a/b", "a b", "@", ".b", "x" * 65])
def test_a_name_must_be_one_of_a_file(tmp_path: Path, name: str) -> None:
    record = keep(tmp_path, "one")
    with pytest.raises(UsageError, match="must be a name of letters"):
        freeze(build_leaderboard([record]), [record], {}, name, tmp_path)


def test_a_file_that_was_changed_or_cut_short_is_refused(tmp_path: Path) -> None:
    record = keep(tmp_path, "one")
    freeze(build_leaderboard([record]), [record], {}, "b", tmp_path)
    path = tmp_path / BOARDS_FOLDER / "b@1.json"
    text = path.read_text()
    for bad, said in (
        (text.replace("0.25", "0.95", 1), "was changed since it was frozen"),
        (text[:100], "must be a frozen board, cannot be read"),
        ("[]", "of edition 1, got None"),
        (text.replace('"edition": 1', '"edition": 2'), "of edition 1, got 2"),
    ):
        path.write_text(bad)
        with pytest.raises(ScorerError, match=said):
            read_frozen("b", tmp_path)


def test_nothing_to_freeze_and_two_wishes_at_once_are_refused(tmp_path: Path) -> None:
    assert "there is no result to freeze" in call(tmp_path, "--freeze", "b").stderr
    both = call(tmp_path, "--freeze", "b", "--frozen", "b")
    assert both.exit_code == 2 and "takes no --freeze" in both.stderr


@pytest.mark.parametrize("with_what", [("--freeze", "b"), ("--frozen", "b")])
def test_a_page_is_of_the_board_as_it_is(tmp_path: Path, with_what: tuple[str, str]) -> None:
    page = tmp_path / "board.html"
    result = call(tmp_path, *with_what, "--html", str(page))
    assert result.exit_code == 2 and "leave --freeze and --frozen out" in result.stderr
    assert not page.exists() and not (tmp_path / BOARDS_FOLDER).exists()
