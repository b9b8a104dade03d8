"""Which arrangement of a rival is its best, and which rounds were fair to all sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scorer.bench._timing import Turns

GRANTED = 0.75
"""Share of their processors that processes of one thread must have had in a round that counts.
Alone they have nearly all; on two cores beside one other busy program two have two thirds."""

OF_BEST = 0.5
"""Share of the speed of its best round that a side must reach in a round that counts. Rounds of
an idle machine lie within a quarter of the best; several threads of one process that share their
cores with others fall to a tenth and less."""


@dataclass(frozen=True)
class Side:
    """One way to do the work, in one arrangement.

    Attributes:
        way: its name.
        n_processes: that do it at the same time.
        n_threads: of each.
    """

    way: str
    n_processes: int
    n_threads: int

    @property
    def arrangement(self) -> str:
        """Return it as "2 processes x 1 thread"."""
        processes = "process" if self.n_processes == 1 else "processes"
        threads = "thread" if self.n_threads == 1 else "threads"
        return f"{self.n_processes} {processes} x {self.n_threads} {threads}"


def best_arrangements(turns: Mapping[Side, Turns]) -> dict[str, Side]:
    """Return for each way the side whose best round was the fastest."""
    slowest_first = sorted(turns, key=lambda side: float(turns[side].rates.max()))
    return {side.way: side for side in slowest_first}


def fair_rounds(turns: Mapping[Side, Turns]) -> list[int]:
    """Return the rounds in which the best arrangement of every way had what it needs.

    How the other arrangements fared does not matter. See `GRANTED` and `OF_BEST`.
    """
    conditions = []
    for side in best_arrangements(turns).values():
        own = turns[side]
        conditions.append(own.rates >= OF_BEST * own.rates.max())
        # Threads of one process wait for each other too, so their share does not tell of others.
        if side.n_threads == 1:
            conditions.append(own.cpu_seconds >= GRANTED * side.n_processes * own.seconds)
    return [int(number) for number in np.all(conditions, axis=0).nonzero()[0]]
