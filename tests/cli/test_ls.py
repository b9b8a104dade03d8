"""`ls`: every kind is listed, and no cell is cut."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from scorer.cli import VERBS, main
from scorer.kinds import KINDS


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
