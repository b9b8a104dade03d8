"""Time several ways of doing something in turns, so that all of them meet the same machine.

A machine's speed changes by more than what is measured here: other programs run, clocks move.
So the candidates alternate, A B A B, in one run, and ratios are taken turn by turn before the
median is. A median of ratios holds on a busy machine where two absolute times do not compare.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

K = TypeVar("K")
Floats = NDArray[np.float64]
Clock = Callable[[], float]
"""Returns seconds."""

LONGEST_CYCLE_S = 2.0
"""Where a whole cycle (the training of a model) takes longer, a turn is a slice of it."""

ENOUGH = 0.25
"""Share of a turn that a trial must last for its speed to be believed."""

MAX_UNITS = 2**20

MOST_ROUNDS = 3
"""Rounds made, for each that was asked for, before those that do not count are given up."""


@dataclass(frozen=True)
class Candidate:
    """One way of doing the work.

    Attributes:
        run: does that many units of work, waits until they are done, and returns the processor
            seconds that they took where it counts them.
        work_per_unit: what a unit is worth, for example the models that advance by a step at once.
        cycle: units after which the work begins anew; a turn is whole cycles where they are short.
    """

    run: Callable[[int], float | None]
    work_per_unit: float = 1.0
    cycle: int = 1


@dataclass(frozen=True, eq=False)
class Turns:
    """The turns of one candidate: how much work each was, and how long each took.

    Attributes:
        work: of each turn.
        seconds: `(rounds,)` float64, of each turn.
        cpu_seconds: `(rounds,)`, of all processors together; nan where they were not counted.
        whole_cycles: no turn is a slice of one.
    """

    work: float
    seconds: Floats
    cpu_seconds: Floats
    whole_cycles: bool = True

    @property
    def rates(self) -> Floats:
        """Return work per second of each turn."""
        return self.work / self.seconds

    @property
    def cpu_costs(self) -> Floats:
        """Return processor seconds per unit of work of each turn."""
        return self.cpu_seconds / self.work

    def only(self, rounds: Sequence[int]) -> Turns:
        """Return the turns of some rounds."""
        chosen = list(rounds)
        return replace(self, seconds=self.seconds[chosen], cpu_seconds=self.cpu_seconds[chosen])


def alternate(
    candidates: Mapping[K, Candidate],
    rounds: int,
    turn_s: float = 0.0,
    *,
    clock: Clock = time.perf_counter,
    on_round: Callable[[int], None] = lambda _: None,
    counting: Callable[[dict[K, Turns]], Sequence[int]] | None = None,
) -> dict[K, Turns]:
    """Let the candidates take turns: A B C A B C, after each has warmed up.

    Args:
        candidates: by name, in the order of their turns.
        rounds: at least 1.
        turn_s: about how long a turn shall take; 0 for turns of one unit (or cycle).
        clock: of the wall.
        on_round: called with the number of rounds done that count.
        counting: returns the rounds that count; for each other one more is made, up to
            `MOST_ROUNDS` times `rounds` in all. None where all count.

    Returns:
        The turns of each candidate; of rounds that do not count too.

    Raises:
        ValueError: no candidates, or fewer than 1 round.
    """
    if rounds < 1 or not candidates:
        found = f"{rounds} and {len(candidates)}"
        raise ValueError(f"`rounds` must be at least 1 and `candidates` not empty, got {found}")
    units = {name: units_per_turn(each, turn_s, clock) for name, each in candidates.items()}
    taken: dict[K, list[tuple[float, float]]] = {name: [] for name in candidates}
    turns: dict[K, Turns] = {}
    made = done = 0
    on_round(done)
    while done < rounds and made < MOST_ROUNDS * rounds:
        for name, each in candidates.items():
            taken[name].append(_timed(each, units[name], clock))
            turns[name] = _turns(each, units[name], taken[name])
        made += 1
        before, done = done, len(counting(turns)) if counting else made
        if done != before:
            on_round(done)
    return turns


def units_per_turn(candidate: Candidate, turn_s: float, clock: Clock) -> int:
    """Warm a candidate up, and return how many units make a turn of about `turn_s`.

    The first unit is never believed: a process may still be importing torch, a page be untouched.
    """
    elapsed, _ = _timed(candidate, 1, clock)
    if elapsed >= ENOUGH * turn_s > 0:
        elapsed, _ = _timed(candidate, 1, clock)
    units = 1
    while elapsed < ENOUGH * turn_s and units < MAX_UNITS:
        units *= 2
        elapsed, _ = _timed(candidate, units, clock)
    step = candidate.cycle if candidate.cycle * elapsed / units <= LONGEST_CYCLE_S else 1
    return step * max(1, round(units * turn_s / elapsed / step))


def _turns(candidate: Candidate, n_units: int, taken: Sequence[tuple[float, float]]) -> Turns:
    """Join turns of as many units each."""
    seconds, cpu_seconds = np.array(taken).T
    whole_cycles = n_units % candidate.cycle == 0
    return Turns(n_units * candidate.work_per_unit, seconds, cpu_seconds, whole_cycles)


def _timed(candidate: Candidate, n_units: int, clock: Clock) -> tuple[float, float]:
    """Run and return seconds, never 0, and processor seconds."""
    start = clock()
    cpu_seconds = candidate.run(n_units)
    return max(1e-9, clock() - start), math.nan if cpu_seconds is None else cpu_seconds
