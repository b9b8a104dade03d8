"""Long-lived processes that train: started once, so that no start-up is timed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import torch

from scorer.bench._data import training_data
from scorer.bench._fair import Side
from scorer.bench._loops import (
    advance,
    kit_steps,
    loader_batches,
    plain_steps,
    products,
    tensor_batches,
)
from scorer.engines.base import worker_environment
from scorer.errors import ScorerError
from scorer.tasks.definition import TaskDefinition
from scorer.training.paths import TrainingPath

GEMM_SIZE = 1024
"""Rows and columns of the float32 product that the kit's arithmetic is compared with."""

FAR_APART = 10**6
"""Indices between the first models of two workers, which shall train different ones."""


@dataclass(frozen=True)
class Job:
    """What all workers are told: the task, where its data lie, and the kit's way to train it.

    Attributes:
        n_examples: train on the first so many only; None for as many as the task retains.
    """

    definition: TaskDefinition
    data_dir: Path
    n_examples: int | None
    path: TrainingPath


class Workers:
    """Processes that each advance a training of every way; use it as a context manager."""

    def __init__(self, n_workers: int, job: Job) -> None:
        """Start them in the environment of the kit's own workers, the kit's way and all others."""
        self._job, self._stack = job, ExitStack()
        context = get_context("spawn")
        with _environment(worker_environment(os.environ)):
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
            side: its way is one that `steps_of` knows.
            n_steps: of each.

        Returns:
            Processor seconds of all of them, and of what they started and waited for.

        Raises:
            ScorerError: a worker died.
        """
        futures = [
            worker.submit(make_steps, self._job, number, side.way, side.n_threads, n_steps)
            for number, worker in enumerate(self._workers[: side.n_processes])
        ]
        try:
            return sum(future.result() for future in futures)
        except BrokenProcessPool as error:
            raise ScorerError(f"a worker of a bench died at {side.way}: {error}") from error


def make_steps(job: Job, number: int, way: str, n_threads: int, n_steps: int) -> float:
    """Make steps in a worker; return the processor seconds that they took."""
    steps = steps_of(job, number, way)
    torch.set_num_threads(n_threads)
    start = _cpu_seconds()
    advance(steps, torch.device("cpu"))(n_steps)
    return _cpu_seconds() - start


@cache
def steps_of(job: Job, number: int, way: str) -> Iterator[None]:
    """Return the steps of a way in worker `number`: the same iterator each time it is asked for."""
    if way == "gemm":
        return products(GEMM_SIZE, torch.float32, torch.device("cpu"))
    data, _ = training_data(job.definition, job.data_dir, job.n_examples)
    recipe = job.definition.recipe
    if way == "kit":
        return kit_steps(data, recipe, job.path, FAR_APART * number)
    batches = {"dataloader_loop": loader_batches, "tensor_loop": tensor_batches}[way]
    return plain_steps(data, recipe, batches(data, recipe))


def _cpu_seconds() -> float:
    """Return what this process and the children that it waited for have used of processors."""
    usages = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Let processes that start meanwhile have other environment variables."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
