"""The timing helper: candidates alternate, medians and ratios are of the right numbers."""

from __future__ import annotations

import pytest

from scorer.bench.timing import LONGEST_CYCLE_S, Candidate, Figure, Turns, alternate, ratios


class Machine:
    """A clock that moves only when work is done, and a diary of who worked."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slowness = 1.0
        self.diary: list[str] = []

    def clock(self) -> float:
        return self.now

    def candidate(self, name: str, seconds: float, **changes: float) -> Candidate:
        def run(n_units: int) -> None:
            self.diary.append(name)
            self.now += seconds * n_units * self.slowness

        return Candidate(name, run, **changes)  # type: ignore[arg-type]


def test_candidates_take_turns_after_each_has_warmed_up() -> None:
    machine = Machine()
    both = [machine.candidate("a", 1.0), machine.candidate("b", 4.0)]
    seen: list[int] = []
    turns = alternate(both, 3, 0.0, machine.clock, seen.append)
    assert machine.diary == ["a", "b"] + ["a", "b"] * 3
    assert [each.seconds for each in turns] == [(1.0,) * 3, (4.0,) * 3]
    assert seen == [0, 1, 2, 3]


def test_ratios_are_of_neighbours_and_do_not_see_the_machine_slow_down() -> None:
    machine = Machine()

    def slower(_: int) -> None:
        machine.slowness *= 3.0

    both = [machine.candidate("a", 1.0, work_per_unit=2.0), machine.candidate("b", 4.0)]
    quick, slow = alternate(both, 3, 0.0, machine.clock, slower)
    assert quick.seconds[2] == 9 * quick.seconds[0]
    assert ratios(quick, slow) == pytest.approx([8.0] * 3)
    assert ratios(slow, quick) == pytest.approx([1 / 8] * 3)


def test_a_turn_lasts_about_as_long_as_asked() -> None:
    machine = Machine()
    (turns,) = alternate([machine.candidate("a", 0.01, work_per_unit=3.0)], 2, 1.0, machine.clock)
    assert turns.seconds == pytest.approx((1.0, 1.0))
    assert turns.work == 300
    assert turns.rates == pytest.approx([300.0, 300.0])
    assert turns.costs == pytest.approx([1 / 300] * 2)


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
    (turns,) = alternate([candidate], 1, 1.0, machine.clock)
    assert (turns.work, turns.whole_cycles) == (units, whole)


def test_a_slow_start_does_not_shorten_the_turns() -> None:
    machine = Machine()
    work = machine.candidate("a", 0.01)

    def run(n_units: int) -> None:
        if not machine.diary:
            machine.now += 30.0
        work.run(n_units)

    (turns,) = alternate([Candidate("a", run)], 2, 1.0, machine.clock)
    assert turns.seconds == pytest.approx((1.0, 1.0))


def test_what_comes_before_a_turn_is_not_timed() -> None:
    machine = Machine()

    def prepare() -> None:
        machine.now += 50.0

    candidate = Candidate("a", machine.candidate("a", 1.0).run, before=prepare)
    (turns,) = alternate([candidate], 2, 0.0, machine.clock)
    assert turns.seconds == (1.0, 1.0)


def test_a_figure_is_median_and_range() -> None:
    figure = Figure.of("speed", "1/s", [5.0, 1.0, 2.0])
    assert (figure.n, figure.median, figure.min, figure.max) == (3, 2.0, 1.0, 5.0)
    assert Figure.of("even", "", [1.0, 2.0]).median == 1.5
    with pytest.raises(ValueError, match="`values` of figure 'speed' must not be empty"):
        Figure.of("speed", "1/s", [])


def test_nothing_to_time_is_refused() -> None:
    with pytest.raises(ValueError, match="`rounds` must be at least 1"):
        alternate([Machine().candidate("a", 1.0)], 0, 0.0)
    with pytest.raises(ValueError, match="`candidates` not empty"):
        alternate([], 1, 0.0)
    assert Turns(2.0, (4.0,)).rates == [0.5]
