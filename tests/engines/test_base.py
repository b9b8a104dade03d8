"""What every engine promises: every shard once, retried when killed, stopped when it raises."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from scorer.engines import ENGINES, Engine, ShardFailed, make_engine
from scorer.engines.base import MAX_ATTEMPTS, Emit, Spec, no_progress
from scorer.errors import UsageError

MakeEngine = Callable[[int], Engine]


@pytest.fixture(params=["local", pytest.param("ray", marks=pytest.mark.slow)])
def make(request: pytest.FixtureRequest) -> MakeEngine:
    """Return a function that makes an engine with so many workers."""
    if request.param == "ray":
        request.getfixturevalue("two_nodes")
    return lambda n_workers: make_engine(request.param, n_workers)


def test_every_spec_runs_once_and_emits(make: MakeEngine, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    specs = [{"folder": str(tmp_path), "number": n} for n in range(3)]
    make(2).run("tests.engines._shards:write_square", specs, events.append)
    assert sorted(event["number"] for event in events) == [0, 1, 2]
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"0": "0", "1": "1", "2": "4"}


def test_a_killed_shard_is_started_again(make: MakeEngine, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    make(1).run("tests.engines._shards:die_once", [{"folder": str(tmp_path)}], events.append)
    assert events == [{"alive": True}]


def test_a_killed_shard_takes_smaller_groups(
    make: MakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[dict[str, Any]] = []
    function = "tests.engines._shards:die_of_large_groups"
    make(1).run(function, [{"group_size": 5}], events.append)
    assert [event["group_size"] for event in events] == [5, 2, 1]
    said = [record.getMessage().partition("; ")[2] for record in caplog.records]
    assert said == [
        "it is started again with groups of 2 where it had 5",
        "it is started again with groups of 1 where it had 2",
    ]


def test_a_shard_that_always_dies_is_given_up(make: MakeEngine, tmp_path: Path) -> None:
    specs = [{"folder": str(tmp_path)}]
    with pytest.raises(ShardFailed, match=r"(code -9|died) on attempt 3 of 3; what it fin"):
        make(1).run("tests.engines._shards:die_always", specs, lambda event: None)
    assert (tmp_path / "deaths").read_text() == "x" * MAX_ATTEMPTS


def test_an_exception_in_a_shard_is_shown_and_not_retried(make: MakeEngine) -> None:
    with pytest.raises(ShardFailed, match=r"attempt 1 of 3[\s\S]*the reason in the worker"):
        make(1).run("tests.engines._shards:fail", [{}], lambda event: None)


def test_workers_have_one_thread(make: MakeEngine) -> None:
    events: list[dict[str, Any]] = []
    make(1).run("tests.engines._shards:show_environment", [{}], events.append)
    assert events == [{"omp": "1", "torch": 1, "keeps_memory": True}]


@pytest.mark.parametrize(
    ("n_workers", "gpus", "device", "n_shards", "n_sharing"),
    [
        (5, (0,), "cuda", 5, 5),
        (None, (0,), "cuda", 2, 2),
        (None, (0, 3), "cuda", 4, 2),
        (5, (0, 3), "cuda", 5, 3),
        (None, (), "cuda", 2, 2),
        (None, (), "cpu", 5, 5),
        (None, (0, 3), "cpu", 5, 5),
    ],
)
def test_gpus_bound_the_workers_where_nobody_said_how_many(
    n_workers: int | None, gpus: tuple[int, ...], device: str, n_shards: int, n_sharing: int
) -> None:
    engine = Recording(n_workers, gpus)
    engine.n_workers = 5
    spec = {"device": device}
    engine.share("", spec, range(9), what="", progress=no_progress, per_gpu=2)
    assert len(engine.specs) == n_shards
    assert {spec["n_sharing"] for spec in engine.specs} == {n_sharing}


@pytest.mark.parametrize(
    ("n_workers", "device", "in_memory", "n_shards"),
    [(None, "cpu", 3, 3), (None, "cpu", 9, 5), (None, "cuda", 1, 2), (5, "cpu", 3, 5)],
)
def test_memory_bounds_the_workers_where_nobody_said_how_many(
    n_workers: int | None, device: str, in_memory: int, n_shards: int
) -> None:
    engine = Recording(n_workers, (0, 3))
    engine.n_workers = 5
    bounds = {"per_gpu": 2, "in_memory": in_memory}
    engine.share("", {"device": device}, range(9), what="", progress=no_progress, **bounds)
    assert len(engine.specs) == n_shards


def test_warnings_of_workers_reach_the_user_once(
    make: MakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[dict[str, Any]] = []
    specs = [{"number": number} for number in range(2)]
    with caplog.at_level(logging.INFO, logger="scorer"):
        make(2).run("tests.engines._shards:warn", specs, events.append)
    assert sorted(event["number"] for event in events) == [0, 1]
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert sorted(said) == [
        ("ERROR", "worse"),
        ("WARNING", "100% alike"),
        ("WARNING", "only of 0"),
        ("WARNING", "only of 1"),
    ]


def test_no_specs_are_no_work(make: MakeEngine) -> None:
    make(1).run("tests.engines._shards:fail", [], lambda event: None)


def test_engines_are_found_without_what_they_need() -> None:
    assert {"local", "ray"} <= ENGINES.keys()


def test_bad_names_and_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match=r"'lokal'\. Did you mean local\? Known: .*local.*ray"):
        make_engine("lokal", None)
    with pytest.raises(UsageError, match="unknown engine 'base'"):
        make_engine("base", None)
    with pytest.raises(ValueError, match="`n_workers` must be at least 1, got 0"):
        make_engine("local", 0)


class Recording(Engine):
    """Runs nothing and remembers what it was asked to."""

    specs: Sequence[Spec] = ()

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        self.specs = specs
        for unit in specs[0]["units"]:
            on_event({"unit": unit})


@pytest.mark.parametrize(
    ("n_units", "group_size", "starts", "shared_size"),
    [
        (5, 1, [0, 1, 3], 1),
        (5, 4, [0, 1, 3], 2),
        (2, 1, [0, 1], 1),
        (2, 4, [0, 1], 1),
        (30, 4, [0, 10, 20], 4),
    ],
)
def test_shared_work_is_counted_and_begun_at_different_places(
    n_units: int, group_size: int, starts: list[int], shared_size: int
) -> None:
    engine, calls = Recording(3), []
    units = list(range(n_units))
    engine.share(
        "module:function",
        {"folder": "x"},
        units,
        what="train",
        progress=lambda *call: calls.append(call),
        group_size=group_size,
    )
    assert [spec["start"] for spec in engine.specs] == starts
    assert all(spec["units"] == units and spec["folder"] == "x" for spec in engine.specs)
    assert {spec["n_workers"] for spec in engine.specs} == {len(starts)}
    # No worker is left without work while another's group is full.
    assert {spec["group_size"] for spec in engine.specs} == {shared_size}
    assert calls == [("train", done, n_units) for done in range(n_units + 1)]


def test_no_work_starts_nothing() -> None:
    engine = Recording(3)
    engine.share("module:function", {}, [], what="train", progress=no_progress)
    assert engine.specs == ()
