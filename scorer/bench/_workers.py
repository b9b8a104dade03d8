"""Long-lived processes that make steps: started once, so that no start-up is timed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import cache
from multiprocessing import get_context
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import torch

from scorer.bench._fair import Side
from scorer.bench._loops import repeat
from scorer.engines.base import worker_environment
from scorer.errors import ScorerError

Step = Callable[[], object]

StepOf = Callable[[int, str], Step]
"""Returns what makes one step, for a worker's number and a way; equal and hashable once pickled."""


class Workers:
    """Processes that each advance work of every way; use it as a context manager."""

    def __init__(self, n_workers: int, step_of: StepOf) -> None:
        """Start them in the environment of the kit's own workers, whatever way they are to go."""
        self._step_of, self._stack = step_of, ExitStack()
        context = get_context("spawn")
        with _worker_environment():
            self._workers = [
                self._stack.enter_context(ProcessPoolExecutor(1, context)) for _ in range(n_workers)
            ]
            for started in [worker.submit(os.getpid) for worker in self._workers]:
                started.result()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

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


@contextmanager
def _worker_environment() -> Iterator[None]:
    """Let processes that start meanwhile have a worker's environment variables."""
    before = dict(os.environ)
    os.environ.update(worker_environment(before))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
