"""The local engine: every shard once, retried when killed, stopped when it raises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scorer.engines import LocalEngine, ShardFailed, make_engine
from scorer.engines.base import MAX_ATTEMPTS
from scorer.errors import UsageError


def test_every_spec_runs_once_and_emits(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    specs = [{"folder": str(tmp_path), "number": n} for n in range(3)]
    LocalEngine(2).run("tests.engines.shards:write_square", specs, events.append)
    assert sorted(event["number"] for event in events) == [0, 1, 2]
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"0": "0", "1": "1", "2": "4"}


def test_a_killed_shard_is_started_again(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    LocalEngine(1).run("tests.engines.shards:die_once", [{"folder": str(tmp_path)}], events.append)
    assert events == [{"alive": True}]


def test_a_shard_that_always_dies_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ShardFailed, match="code -9 on attempt 3"):
        LocalEngine(1).run(
            "tests.engines.shards:die_always", [{"folder": str(tmp_path)}], lambda event: None
        )
    assert (tmp_path / "deaths").read_text() == "x" * MAX_ATTEMPTS


def test_an_exception_in_a_shard_is_shown_and_not_retried() -> None:
    with pytest.raises(ShardFailed, match=r"attempt 1 of 3[\s\S]*the reason in the worker"):
        LocalEngine(1).run("tests.engines.shards:fail", [{}], lambda event: None)


def test_workers_have_one_thread() -> None:
    events: list[dict[str, Any]] = []
    LocalEngine(1).run("tests.engines.shards:show_environment", [{}], events.append)
    assert events == [{"omp": "1", "torch": 1}]


def test_bad_names_and_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown engine 'lokal'. Did you mean local\?"):
        make_engine("lokal", None)
    with pytest.raises(ValueError, match="`n_workers` must be at least 1, got 0"):
        LocalEngine(0)
