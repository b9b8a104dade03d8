"""A stage's process: what it tells, how it dies, and that its time ends it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scorer.bench.gpu_stages.apart import Events, run_apart
from scorer.bench.gpu_stages.runner import STOPPED
from scorer.bench.gpu_stages.state import DONE, FAILED, LEFT, Found
from scorer.engines.base import Emit, Spec
from scorer.errors import ScorerError

HERE = f"{__name__}:act"


def act(spec: Spec, emit: Emit) -> None:
    """Do what a test wants of a stage."""
    emit({"said": "hello", "found": {"values": {"pid": os.getpid()}, "figures": [], "notes": []}})
    if spec["then"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if spec["then"] == "hang":
        time.sleep(600)


def is_alive(pid: int) -> bool:
    """Tell whether there is a process."""
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("then", "limit_s", "status", "message"),
    [
        ("end", 300, DONE, ""),
        ("die", 300, FAILED, "its process ended with signal 9; what it wrote stands above"),
        # Long enough to import torch in on a busy machine.
        ("hang", 40, STOPPED, "ended after 40 s"),
    ],
)
@pytest.mark.slow
def test_what_was_told_is_there_however_a_process_ends(
    then: str, limit_s: float, status: str, message: str
) -> None:
    said: list[str] = []
    outcome = run_apart(HERE, {"then": then}, limit_s, said.append)
    assert (outcome.status, outcome.message) == (status, message)
    assert said == ["  hello"]
    assert not is_alive(outcome.found.values["pid"])


@pytest.mark.parametrize(
    ("events", "exit_code", "status", "message"),
    [
        ([{}], 0, DONE, ""),
        ([{"missing": "no images"}, {}], 0, LEFT, "no images"),
        ([{"unfit": "2 tests failed"}], 0, FAILED, "2 tests failed"),
        ([{"failed": "the disk is full"}], 1, FAILED, "the disk is full"),
        ([], 1, FAILED, "its process ended with exit code 1; what it wrote stands above"),
    ],
)
def test_events_say_how_a_stage_ended(
    events: list[Mapping[str, Any]], exit_code: int, status: str, message: str
) -> None:
    taken = Events(lambda _: None)
    for event in events:
        taken.take(event)
    outcome = taken.outcome(exit_code)
    assert (outcome.status, outcome.message) == (status, message)


def test_the_last_that_was_found_counts() -> None:
    taken = Events(lambda _: None)
    for n in (1, 2):
        taken.take({"found": {"values": {"n": n}, "figures": [], "notes": []}})
    assert taken.outcome(0).found == Found({"n": 2})
    with pytest.raises(ScorerError, match="must tell values, figures and notes"):
        taken.take({"found": {"valves": {}}})
