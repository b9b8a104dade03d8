"""The sides of a comparison between processes, and which of its rounds were fair to all of them.

The processes are started once and live long, so that no start-up is timed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import numpy as np
import torch

from scorer.bench._loops import repeat
from scorer.bench._timing import Turns
from scorer.engines.base import worker_environment
from scorer.errors import ScorerError

GRANTED = 0.75
"""Share of their processors that processes of one thread must have had in a round that counts.
Alone they have nearly all; on two cores beside one other busy program two have two thirds."""

OF_BEST = 0.5
"""Share of the speed of its best round that a side must reach in a round that counts. Rounds of
an idle machine lie within a quarter of the best; several threads of one process that share their
cores with others fall to a tenth and less."""

Step = Callable[[], object]

StepOf = Callable[[int, str], Step]
"""Returns what makes one step, for a worker's number and a way; equal and hashable once pickled."""


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
        processes, threads = "es" * (self.n_processes > 1), "s" * (self.n_threads > 1)
        return f"{self.n_processes} process{processes} x {self.n_threads} thread{threads}"


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


class Workers(ExitStack):
    """Processes that each advance work of every way; use it as a context manager."""

    def __init__(self, n_workers: int, step_of: StepOf) -> None:
        """Start them in the environment of the kit's own workers, whatever way they are to go."""
        super().__init__()
        self._step_of = step_of
        pools = [ProcessPoolExecutor(1, get_context("spawn")) for _ in range(n_workers)]
        self._workers = [self.enter_context(pool) for pool in pools]
        # A process inherits what stands here when it starts.
        before = dict(os.environ)
        os.environ.update(worker_environment(before))
        try:
            for started in [worker.submit(os.getpid) for worker in self._workers]:
                started.result()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def run(self, side: Side, n_steps: int) -> float:
        """Let as many workers as a side has make steps at the same time, and wait for all.

        Args:
            side: its way is one that `step_of` knows.
            n_steps: of each.

        Returns:
            Processor seconds of all of them, and of what they started and waited for.

        Raises:
            ScorerError: a worker died.
        """
        futures = [
            worker.submit(_make_steps, self._step_of, number, side.way, side.n_threads, n_steps)
            for number, worker in enumerate(self._workers[: side.n_processes])
        ]
        try:
            return sum(future.result() for future in futures)
        except BrokenProcessPool as error:
            raise ScorerError(f"a worker of a bench died at {side.way}: {error}") from error


@cache
def kept_step(step_of: StepOf, number: int, way: str) -> Step:
    """Return what makes a step: the same each time, so that a training goes on."""
    return step_of(number, way)


def _make_steps(step_of: StepOf, number: int, way: str, n_threads: int, n_steps: int) -> float:
    """Make steps in a worker; return the processor seconds that they took."""
    make = repeat(kept_step(step_of, number, way), torch.device("cpu"))
    torch.set_num_threads(n_threads)
    start = _cpu_seconds()
    make(n_steps)
    return _cpu_seconds() - start


def _cpu_seconds() -> float:
    """Return what this process and the children that it waited for have used of processors."""
    usages = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
