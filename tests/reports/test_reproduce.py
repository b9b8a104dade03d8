"""The command of a report makes the score again, and gives no secret away."""

from __future__ import annotations

import shlex

import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.reports.reproduce import command, provenance, secrets_note
from scorer.secret import PUBLIC_SECRET
from tests.results._records import make_record

SECRET = "5" * 64


def test_every_flag_of_the_command_is_one_of_score() -> None:
    words = shlex.split(command(make_record(pool_secret=SECRET, runs_secret=SECRET)))
    flags = [word for word in words if word.startswith("--")]
    assert {"--task", "--n-models", "--rule", "--design", "--secret", "--runs-secret"} <= set(flags)
    offered = CliRunner().invoke(main, ["score", "--help"]).stdout
    assert all(flag in offered for flag in flags)


@pytest.mark.parametrize("field", ["pool_secret", "runs_secret"])
def test_secrets_stay_in_the_record(field: str) -> None:
    record = make_record(**{"pool_secret": PUBLIC_SECRET, field: SECRET})
    shown = command(record) + secrets_note(record) + str(list(provenance(record)))
    assert SECRET not in shown
    assert field in secrets_note(record)


def test_the_public_secret_is_named() -> None:
    record = make_record(pool_secret=PUBLIC_SECRET)
    assert "--secret public" in command(record)
    assert secrets_note(record) == ""


def test_a_secret_that_the_record_lacks_is_said_to_be_drawn_anew() -> None:
    record = make_record(pool_secret=None, runs_secret=None)
    assert "another one is drawn" in secrets_note(record)
    assert "secret" not in command(record)


def test_a_split_that_the_record_does_not_tell_is_in_no_command() -> None:
    record = make_record(split_seed=None)
    assert "--split-seed" not in command(record)
    assert dict(provenance(record))["task"] == f"{record.task}, split not told"


def test_names_are_quoted_for_the_shell() -> None:
    record = make_record(method_path="a; rm -rf b.py")
    assert shlex.split(command(record))[4] == "a; rm -rf b.py"


def test_a_record_without_an_environment_says_so() -> None:
    for given in ({}, {"environment": None}, {"environment": "text"}):
        found = dict(provenance(make_record(provenance=given)))
        assert found["torch"] == "not in the record" and found["commit of the kit"] == "unknown"
