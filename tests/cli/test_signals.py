"""Signals and failures of the kit: one line that says what to do, and the right exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from scorer import processes
from scorer.cli import main
from scorer.errors import ScorerError
from scorer.processes import STOPS


def score_that(monkeypatch: pytest.MonkeyPatch, does: Any) -> Any:
    """Call `score` with something else in place of scoring."""

    def instead(*_: Any, **__: Any) -> None:
        does()

    monkeypatch.setattr("scorer.pipeline.score", instead)
    return CliRunner().invoke(main, ["score", "finetune"])


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_ends_a_command_with_one_line_on_how_to_go_on(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[subprocess.Popen[bytes]] = []

    def stopped() -> None:
        left.append(subprocess.Popen(["sleep", "1000"], start_new_session=True))
        os.kill(os.getpid(), number)
        signal.pause()

    result = score_that(monkeypatch, stopped)
    assert result.exit_code == 128 + number
    assert result.stderr.partition("\n")[2] == (  # behind the line on the tier
        f"stopped by {number.name}; what is finished is kept: the same command, without --rerun,"
        " goes on where it was\n"
    )
    if sys.platform == "linux":
        assert left[0].pid not in processes.children()
    else:
        left[0].kill()
    left[0].wait()


@pytest.mark.parametrize(
    "error",
    [
        ScorerError("the oven is cold; heat it"),
        OSError(28, "the oven is cold; heat it"),
        ScorerError("\x1b[2J the oven is cold; heat it"),
    ],
)
def test_a_failure_of_the_kit_is_exit_1_with_what_to_do(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise error

    result = score_that(monkeypatch, fail)
    assert result.exit_code == 1
    assert "\nerror: " in result.stderr and "the oven is cold; heat it" in result.stderr
    assert "\x1b" not in result.stderr
