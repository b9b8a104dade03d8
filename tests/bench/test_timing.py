"""The timing helper: candidates alternate, medians and ratios are of the right numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scorer.bench._timing import LONGEST_CYCLE_S, MOST_ROUNDS, Candidate, Turns, alternate
from tests.bench._machine import Machine


def only_one(candidate: Candidate, rounds: int, turn_s: float, **options: Any) -> Turns:
    """Return the turns of a candidate that alternates with nobody."""
    return alternate({"a": candidate}, rounds, turn_s, **options)["a"]


def test_candidates_take_turns_after_each_has_warmed_up() -> None:
    machine = Machine()
    both = {"a": machine.candidate("a", 1.0), "b": machine.candidate("b", 4.0)}
    seen: list[int] = []
    turns = alternate(both, 3, 0.0, clock=machine.clock, on_round=seen.append)
    assert machine.diary == ["a", "b"] + ["a", "b"] * 3
    assert {name: each.seconds.tolist() for name, each in turns.items()} == {
        "a": [1.0] * 3,
        "b": [4.0] * 3,
    }
    assert seen == [0, 1, 2, 3]


def test_ratios_are_of_neighbours_and_do_not_see_the_machine_slow_down() -> None:
    machine = Machine()

    def slower(_: int) -> None:
        machine.slowness *= 3.0

    both = {"a": machine.candidate("a", 1.0, work_per_unit=2.0), "b": machine.candidate("b", 4.0)}
    quick, slow = alternate(both, 3, 0.0, clock=machine.clock, on_round=slower).values()
    assert quick.seconds[2] == 9 * quick.seconds[0]
    assert quick.rates / slow.rates == pytest.approx([8.0] * 3)


def test_a_turn_lasts_about_as_long_as_asked() -> None:
    machine = Machine()
    turns = only_one(machine.candidate("a", 0.01, work_per_unit=3.0), 2, 1.0, clock=machine.clock)
    assert turns.seconds == pytest.approx((1.0, 1.0))
    assert turns.work == 300
    assert turns.rates == pytest.approx([300.0, 300.0])


@pytest.mark.parametrize(
    ("seconds", "cycle", "units", "whole"),
    [
        (0.01, 30, 90, True),
        (0.01, 180, 180, True),
        (0.01, 10 * int(LONGEST_CYCLE_S / 0.01), 100, False),
        (5.0, 1, 1, True),
    ],
)
def test_a_turn_is_whole_cycles_where_these_are_short(
    seconds: float, cycle: int, units: int, whole: bool
) -> None:
    machine = Machine()
    candidate = machine.candidate("a", seconds, cycle=cycle)
    turns = only_one(candidate, 1, 1.0, clock=machine.clock)
    assert (turns.work, turns.whole_cycles) == (units, whole)


def test_a_slow_start_does_not_shorten_the_turns() -> None:
    machine = Machine()
    work = machine.candidate("a", 0.01)

    def run(n_units: int) -> None:
        if not machine.diary:
            machine.now += 30.0
        work.run(n_units)

    turns = only_one(Candidate(run), 2, 1.0, clock=machine.clock)
    assert turns.seconds == pytest.approx((1.0, 1.0))


def test_processor_time_is_what_the_candidate_counts() -> None:
    machine = Machine()
    both = {
        "a": machine.candidate("a", 1.0, cores=2.0, work_per_unit=4.0),
        "b": Candidate(lambda _: None),
    }
    counted, not_counted = alternate(both, 2, 0.0, clock=machine.clock).values()
    assert counted.cpu_seconds.tolist() == [2.0, 2.0]
    assert counted.cpu_costs.tolist() == [0.5, 0.5]
    assert np.isnan(not_counted.cpu_seconds).all()


def test_for_each_round_that_does_not_count_one_more_is_made() -> None:
    machine = Machine()
    candidate = machine.candidate("a", 1.0)
    seen: list[int] = []

    def odd_ones(turns: dict[str, Turns]) -> list[int]:
        return list(range(1, len(turns["a"].seconds), 2))

    turns = only_one(
        candidate, 2, 0.0, clock=machine.clock, on_round=seen.append, counting=odd_ones
    )
    assert len(turns.seconds) == 4
    assert seen == [0, 1, 2]


def test_rounds_that_never_count_are_given_up() -> None:
    machine = Machine()
    turns = only_one(
        machine.candidate("a", 1.0), 5, 0.0, clock=machine.clock, counting=lambda _: []
    )
    assert len(turns.seconds) == 5 * MOST_ROUNDS


def test_some_rounds_can_be_taken_out() -> None:
    turns = Turns(6.0, np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]), whole_cycles=False)
    chosen = turns.only([0, 2])
    assert chosen.rates.tolist() == [6.0, 2.0]
    assert chosen.cpu_seconds.tolist() == [2.0, 6.0]
    assert (chosen.work, chosen.whole_cycles) == (6.0, False)


def test_nothing_to_time_is_refused() -> None:
    with pytest.raises(ValueError, match="`rounds` must be at least 1"):
        alternate({"a": Machine().candidate("a", 1.0)}, 0)
    with pytest.raises(ValueError, match="`candidates` not empty"):
        alternate({}, 1)
