"""Files as they come: of each kind one, run as it is, adapted by a printed rule, or refused."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scorer.oracles.pool import Pool
from scorer.runner.host import SubmissionHost
from scorer.runner.load import find_submission
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.tiers import resolve
from tests.runner._hosts import host_of

HERE = Path(__file__).parent
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text())
WELL = ("as it is", "adapted")


@pytest.fixture(scope="module")
def host(tiny_pool: Pool) -> Iterator[SubmissionHost]:
    """Start one process of the best tier; the files take turns in it."""
    with host_of(tiny_pool, SANDBOXES[resolve("auto")](), timeout_s=60.0) as started:
        yield started


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_comes_to_what_is_expected(host: SubmissionHost, name: str) -> None:
    expected = EXPECTED[name]
    mine = find_submission(str(HERE / "files" / name))
    host.set_code(mine.code, mine.shown_file)
    state, answer = host.run(1)
    said = [*mine.code.notes, *(f"returned {each}" for each in answer.get("taken_off", ()))]
    fault = None if expected["outcome"] in WELL else expected["outcome"]
    assert answer["fault"] == fault, answer
    assert (state is None) == (fault is not None)
    text = answer["message"] if fault else "\n".join(said)
    assert expected.get("says", "") in text
    if fault is None:
        assert (expected["outcome"] == "as it is") == (not said), said


def test_what_a_parser_prints_stands_in_the_trace(host: SubmissionHost) -> None:
    mine = find_submission(str(HERE / "files" / "script_with_required_argument.py"))
    host.set_code(mine.code, mine.shown_file)
    answer = host.run(1)[1]
    assert "the following arguments are required: --data-root" in answer["trace"]
    assert "usage: script_with_required_argument.py" in answer["trace"]


def test_a_notebook_run_as_python_leaves_no_message_of_its_size(
    host: SubmissionHost, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("{" + '"cells": 1, ' * 50_000 + "true: null}\n")
    mine = find_submission(str(tmp_path / "mine.py"))
    host.set_code(mine.code, mine.shown_file)
    answer = host.run(1)[1]
    assert answer["fault"] in ("bad_signature", "import_error")
    assert len(answer["message"]) + len(answer["trace"]) <= 5000
