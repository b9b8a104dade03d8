"""`ls`: every kind is listed, and no cell is cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scorer.cli import VERBS, main
from scorer.kinds import KINDS
from tests.runner.test_load import make_odd


def call(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["ls", *arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_without_a_kind_it_says_what_kinds_there_are_and_what_to_copy() -> None:
    text = call()
    for kind in KINDS.values():
        assert kind.name in text
        assert kind.file in text
        assert kind.like in text
    assert [row["kind"] for row in json.loads(call("--json"))["kinds"]] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_member_is_listed(kind: str) -> None:
    text = call(kind)
    names = [row["name"] for row in json.loads(call(kind, "--json"))[kind]]
    assert names
    assert all(f" {name} " in text for name in names)


def test_methods_are_listed_with_all_that_their_cells_hold() -> None:
    text = call("methods")
    assert "…" not in text
    assert all(f" {heading} " in text for heading in ("name", "year", "data", "cost", "source"))
    folded = "".join("".join(text.split("│")).split())
    assert "Kurmanji et al. 2023".replace(" ", "") in folded


def test_commands_are_the_verbs() -> None:
    rows = json.loads(call("commands", "--json"))["commands"]
    assert [row["name"] for row in rows] == list(VERBS)


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Let users' submissions lie among what is none; return the names of that."""
    monkeypatch.setattr("scorer.runner.load.SUBMISSIONS", (tmp_path,))
    made = make_odd(tmp_path)
    said = '"""\\x1b]0;title\\x07\nShort: \\x1b[31m"""\n'
    for name in ("retrain", "\x1b[2Jx", "[red]x", "y" * 240, "\udcff", "Mine", "mine"):
        (tmp_path / f"{name}.py").write_text(said)
    return set(made)


def test_what_lies_in_submission_stops_no_list_and_orders_nothing(odd: set[str]) -> None:
    text = call("methods")
    assert "\x1b" not in text
    assert "[red]x" in text and "\\x1b[2Jx" in text and "mine" in text and "Mine" in text
    rows = {row["name"]: row for row in json.loads(call("methods", "--json"))["methods"]}
    assert {*odd, "[red]x", "Mine", "mine"} <= rows.keys()
    assert all("cannot be scored" in rows[name]["summary"] for name in odd)


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("method", ["nobody", "fifo", "\x1b[2Jx", "y" * 240])
def test_what_cannot_be_scored_is_refused_in_words_that_can_be_seen(method: str) -> None:
    result = CliRunner().invoke(main, ["score", method])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ") and "\x1b" not in result.stderr
