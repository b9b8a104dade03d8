"""The stages' bookkeeping on a pretended clock: limit, order, resume, failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from scorer.bench.gpu_stages.plan import Stage
from scorer.bench.gpu_stages.runner import STOPPED, Outcome, run_stages
from scorer.bench.gpu_stages.state import DONE, FAILED, LEFT, Entry, Found, State

KEY = {"device": "cpu", "torch": "2", "kit": "1", "commit": "a", "plan": {}}


class Calls:
    """Calls of the command, in which each stage takes 10 s of a pretended clock.

    Attributes:
        fates: how a stage ends, "done" where it is not named.
        made: (name, seconds that it had) of the stages that were begun, over all calls.
        said: all lines.
        kept: how often something was kept.
    """

    def __init__(self, folder: Path, key: dict[str, Any] = KEY) -> None:
        self.folder, self.key = folder, key
        self.fates: dict[str, Outcome] = {}
        self.made: list[tuple[str, float]] = []
        self.said: list[str] = []
        self.kept = 0
        self._now = 0.0

    def call(self, stages: Sequence[Stage], limit_s: float) -> State:
        """Make a call as a new process would, and return the state that it left."""
        state = State(self.folder, self.key)

        def make(stage: Stage, before: Entry, for_s: float) -> Outcome:
            self.made.append((stage.name, for_s))
            self._now += min(10.0, for_s)
            return self.fates.get(stage.name, Outcome(DONE, found=Found({stage.name: 1})))

        def on_kept() -> None:
            self.kept += 1

        how: dict[str, Callable[..., Any]] = {"say": self.said.append, "on_kept": on_kept}
        run_stages(stages, state, make, limit_s, clock=lambda: self._now, **how)
        return State(self.folder, self.key)

    def names(self) -> list[str]:
        """Return which stages were begun since this was last asked."""
        names = [name for name, _ in self.made]
        self.made.clear()
        return names


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    """Return calls that keep their state in an empty folder."""
    return Calls(tmp_path)


def test_another_call_goes_on_where_the_limit_ended_the_first(calls: Calls) -> None:
    stages = [Stage(name, 10) for name in ("a", "b", "c")]
    state = calls.call(stages, 25)
    assert calls.names() == ["a", "b"]
    assert (state["c"].status, state["c"].message) == (
        LEFT,
        "needs 10 s, 5 s of the limit were left",
    )
    assert calls.kept == 2
    state = calls.call(stages, 25)
    assert calls.names() == ["c"]
    assert state.names(DONE, ("a", "b", "c")) == ["a", "b", "c"]
    assert state["a"].found.values == {"a": 1}
    assert state["a"].seconds == 10
    calls.call(stages, 25)
    assert calls.names() == []


@pytest.mark.parametrize(("limit_s", "status"), [(20.0, LEFT), (80.0, FAILED)])
def test_a_stage_that_the_call_ends_is_left_and_one_over_its_own_limit_failed(
    limit_s: float, status: str, calls: Calls
) -> None:
    calls.fates["a"] = Outcome(STOPPED, "ended", Found({"half": 1}))
    state = calls.call([Stage("a", 10, most_s=40.0)], limit_s)
    assert (state["a"].status, state["a"].found.values) == (status, {"half": 1})


def test_a_small_stage_is_begun_where_a_large_one_is_left(calls: Calls) -> None:
    calls.call([Stage("large", 100), Stage("small", 10)], 50)
    assert calls.names() == ["small"]


def test_what_fails_is_kept_and_tried_again_after_the_others(calls: Calls) -> None:
    stages = [Stage(name, 10) for name in ("a", "b", "c")]
    calls.fates["a"] = Outcome(FAILED, "illegal address", Found({"half": 1}))
    state = calls.call(stages, 25)
    assert calls.names() == ["a", "b"]
    assert (state["a"].status, state["a"].message) == (FAILED, "illegal address")
    calls.fates["a"] = Outcome(DONE, found=Found({"whole": 2}))
    state = calls.call(stages, 25)
    assert calls.names() == ["c", "a"]
    assert state["a"].status == DONE
    assert state["a"].found.values == {"half": 1, "whole": 2}


def test_why_it_failed_is_not_lost_where_there_is_no_time_to_try_again(calls: Calls) -> None:
    calls.fates["a"] = Outcome(FAILED, "illegal address")
    calls.call([Stage("a", 10)], 20)
    state = calls.call([Stage("a", 10)], 5)
    assert (state["a"].status, state["a"].message) == (FAILED, "illegal address")


def test_a_stage_waits_for_those_that_it_needs(calls: Calls) -> None:
    calls.fates["a"] = Outcome(LEFT, "no images")
    state = calls.call([Stage("a", 10), Stage("b", 10, after=("a",))], 99)
    assert calls.names() == ["a"]
    assert (state["a"].status, state["a"].message) == (LEFT, "no images")
    assert state["b"].message == "waits for a"


@pytest.mark.parametrize(("keeps", "status"), [(True, LEFT), (False, FAILED)])
def test_what_a_limit_ended_goes_on_or_has_failed(calls: Calls, keeps: bool, status: str) -> None:
    calls.fates["a"] = Outcome(STOPPED, "ended after 7 s", Found({"n": 3}))
    state = calls.call([Stage("a", 5, most_s=7, keeps=keeps)], 99)
    assert calls.made == [("a", 7)]
    assert (state["a"].status, state["a"].found.values) == (status, {"n": 3})


def test_a_stage_has_no_more_than_is_left_of_the_limit(calls: Calls) -> None:
    calls.call([Stage("a", 5), Stage("b", 5, most_s=50)], 18)
    assert calls.made == [("a", 18), ("b", 8)]


def test_lines_tell_how_far_it_came(calls: Calls) -> None:
    figure = {"name": "copy", "unit": "GB/s", "n": 1, "median": 4252.3, "min": 1, "max": 1}
    calls.fates["a"] = Outcome(FAILED, "no luck", Found(figures=[figure], notes=["a note"]))
    calls.call([Stage("a", 5)], 18)
    assert calls.said[0].startswith("1 of 1 stages to do in 18 s")
    assert calls.said[1:] == [
        "[0 s] a: begins, 18 s are left",
        "[10 s] a: failed, 10.0 s, no luck",
        "  copy: 4252 GB/s",
        "  a note",
    ]


def test_newer_figures_stand_in_place_of_older_ones() -> None:
    old = {"name": "x", "unit": "s", "median": 1}
    new = {**old, "median": 2}
    other = {**old, "unit": "models/s"}
    found = Found({"a": 1}, [new], ["n"]).over(Found({"a": 0, "b": 0}, [old, other], ["n", "o"]))
    assert found == Found({"a": 1, "b": 0}, [other, new], ["o", "n"])


def test_another_key_has_another_state(calls: Calls) -> None:
    calls.call([Stage("a", 5)], 18)
    others = [{**KEY, "torch": "3"}, {**KEY, "commit": "b"}, {**KEY, "plan": {"n_models": 2}}]
    for key in others:
        assert State(calls.folder, key)["a"].status == LEFT
    assert State(calls.folder, KEY)["a"].status == DONE


def test_a_damaged_state_is_set_aside_and_made_again(calls: Calls) -> None:
    path = calls.call([Stage("a", 5)], 18).path
    assert json.loads(path.read_text())["key"] == KEY
    path.write_text('{"stages": {"a": 1}}')
    assert State(calls.folder, KEY)["a"].status == LEFT
    assert not path.exists()
