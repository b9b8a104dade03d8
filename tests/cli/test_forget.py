"""Forget sets as they are typed: in records, on the board, in lists and in comparisons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scorer.cli import main

SPEC = "class:3:7"


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None) -> None:
    """Let the commands know the tiny task, and an engine that starts no workers."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forget")


def call(folder: Path, verb: str, *arguments: str, trains: bool = False) -> Result:
    named = ("--results-dir", str(folder / "results"), "--cache-dir", str(folder / "cache"))
    trained = ("--task", "tiny", "--n-models", "4", "--engine", "inline") if trains else ()
    return CliRunner().invoke(main, [verb, *arguments, *named, *trained])


def read(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def test_records_boards_lists_and_comparisons_name_the_forget_set(folder: Path) -> None:
    for forget in ((), ("--forget", SPEC)):
        for method in ("retrain", "original"):
            record = read(call(folder, "score", method, *forget, "--json", trains=True))
            assert record["forget"] == (SPEC if forget else "default")
    assert list(record["strata"]) == ["class 3"]
    assert record["strata"]["class 3"]["n_examples"] == 7
    groups = read(call(folder, "leaderboard", "--json"))["groups"]
    assert [group["identity"]["forget"] for group in groups] == ["default", SPEC]
    board = call(folder, "leaderboard").stdout
    assert "tiny: N=4" in board
    assert f"tiny, forget {SPEC}: N=4" in board
    rows = read(call(folder, "ls", "results", "--json"))["results"]
    assert sorted(row["forget"] for row in rows) == [SPEC, SPEC, "default", "default"]
    two = ("compare", "retrain", "original", "--task", "tiny")
    assert read(call(folder, *two, "--json"))["forget"] == "default"
    assert f"tiny, forget {SPEC}: N=4" in call(folder, *two, "--forget", "class:03:7").stdout
    refused = call(folder, *two, "--forget", "random:5")
    assert refused.exit_code == 2
    assert "must have results with --forget random:5 to be compared" in refused.stderr


def test_a_pool_is_grown_for_a_forget_set(folder: Path) -> None:
    arguments = ("--forget", SPEC, "--json")
    facts = read(call(folder, "oracles", *arguments, trains=True))
    assert (facts["forget"], facts["missing"]) == (SPEC, 0)


@pytest.mark.parametrize("verb", ["score", "check", "tune", "oracles"])
@pytest.mark.parametrize(
    ("spec", "message"),
    [("clas:3", "unknown forget set 'clas:3'. Did you mean"), ("class:x", "must have a whole num")],
)
def test_what_cannot_be_forgotten_is_a_usage_error(
    verb: str, spec: str, message: str, folder: Path
) -> None:
    result = call(folder, verb, *(() if verb == "oracles" else ("finetune",)), "--forget", spec)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_does_not_fit_the_data_is_one_too(folder: Path) -> None:
    result = call(folder, "score", "original", "--forget", "class:10", trains=True)
    assert result.exit_code == 2
    assert "--forget class:10, task tiny: a class to forget must be one of" in result.stderr


def test_lists_say_how_forget_sets_are_typed() -> None:
    rows = json.loads(CliRunner().invoke(main, ["ls", "forget_sets", "--json"]).stdout)
    typed = {row["name"]: row["typed"] for row in rows["forget_sets"]}
    assert typed["of_class"] == "class:C or class:C:K"
    assert typed["given"] == ""
