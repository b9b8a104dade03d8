"""Time several ways of doing something in turns, so that all of them meet the same machine.

A machine's speed changes by more than what is measured here: other programs run, clocks move.
So the candidates alternate, A B A B, in one run, and ratios are taken turn by turn before the
median is. A median of ratios holds on a busy machine where two absolute times do not compare.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

LONGEST_CYCLE_S = 2.0
"""Where a whole cycle (the training of a model) takes longer, a turn is a slice of it."""

ENOUGH = 0.25
"""Share of a turn that a trial must last for its speed to be believed."""

MAX_UNITS = 2**20


@dataclass(frozen=True)
class Candidate:
    """One way of doing the work.

    Attributes:
        name: for people.
        run: does that many units of work and returns when they are done.
        work_per_unit: what a unit is worth, for example the models that advance by a step at once.
        cycle: units after which the work begins anew; a turn is whole cycles where they are short.
        before: called before each turn, outside the time that is taken.
    """

    name: str
    run: Callable[[int], object]
    work_per_unit: float = 1.0
    cycle: int = 1
    before: Callable[[], object] | None = None


@dataclass(frozen=True)
class Turns:
    """The turns of one candidate: how much work each was, and how long each took."""

    work: float
    seconds: tuple[float, ...]
    whole_cycles: bool = True

    @property
    def rates(self) -> list[float]:
        """Return work per second of each turn."""
        return [self.work / second for second in self.seconds]

    @property
    def costs(self) -> list[float]:
        """Return seconds per unit of work of each turn."""
        return [second / self.work for second in self.seconds]


@dataclass(frozen=True)
class Figure:
    """A measured number: n values, their median, smallest and largest."""

    name: str
    unit: str
    n: int
    median: float
    min: float
    max: float

    @classmethod
    def of(cls, name: str, unit: str, values: Sequence[float]) -> Figure:
        """Summarise at least one value."""
        if not values:
            raise ValueError(f"`values` of figure {name!r} must not be empty")
        return cls(name, unit, len(values), statistics.median(values), min(values), max(values))

    def as_dict(self) -> dict[str, object]:
        """Return every field by name."""
        return asdict(self)


def alternate(
    candidates: Sequence[Candidate],
    rounds: int,
    turn_s: float,
    clock: Callable[[], float] = time.perf_counter,
    on_round: Callable[[int], None] = lambda _: None,
) -> list[Turns]:
    """Let the candidates take turns: A B C A B C, after each has warmed up.

    Args:
        candidates: in the order of their turns.
        rounds: at least 1.
        turn_s: about how long a turn shall take; 0 for turns of one unit (or cycle).
        clock: returns seconds.
        on_round: called with the number of rounds done.

    Returns:
        The turns of each candidate, in the same order.

    Raises:
        ValueError: no candidates, or fewer than 1 round.
    """
    if rounds < 1 or not candidates:
        raise ValueError(
            "`rounds` must be at least 1 and `candidates` not empty, got "
            f"{rounds} and {len(candidates)}"
        )
    units = [units_per_turn(candidate, turn_s, clock) for candidate in candidates]
    seconds: list[list[float]] = [[] for _ in candidates]
    on_round(0)
    for number in range(rounds):
        for candidate, n_units, taken in zip(candidates, units, seconds, strict=True):
            taken.append(_timed(candidate, n_units, clock))
        on_round(number + 1)
    return [
        Turns(n_units * candidate.work_per_unit, tuple(taken), n_units % candidate.cycle == 0)
        for candidate, n_units, taken in zip(candidates, units, seconds, strict=True)
    ]


def units_per_turn(candidate: Candidate, turn_s: float, clock: Callable[[], float]) -> int:
    """Warm a candidate up, and return how many units make a turn of about `turn_s`.

    The first unit is never believed: a process may still be importing torch, a page be untouched.
    """
    elapsed = _timed(candidate, 1, clock)
    if elapsed >= ENOUGH * turn_s > 0:
        elapsed = _timed(candidate, 1, clock)
    units = 1
    while elapsed < ENOUGH * turn_s and units < MAX_UNITS:
        units *= 2
        elapsed = _timed(candidate, units, clock)
    cycle_s = candidate.cycle * elapsed / units
    wanted = max(1, round(units * turn_s / elapsed))
    if cycle_s <= LONGEST_CYCLE_S:
        return candidate.cycle * max(1, round(wanted / candidate.cycle))
    return wanted


def ratios(first: Turns, second: Turns) -> list[float]:
    """Return, round by round, how many times faster the first worked than the second."""
    return [a / b for a, b in zip(first.rates, second.rates, strict=True)]


def _timed(candidate: Candidate, n_units: int, clock: Callable[[], float]) -> float:
    """Run and return seconds, never 0."""
    if candidate.before is not None:
        candidate.before()
    start = clock()
    candidate.run(n_units)
    return max(1e-9, clock() - start)
