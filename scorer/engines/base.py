"""What every engine offers, and the shard protocol that all of them share.

A *shard function* is named "package.module:function" and called as `function(spec, emit)`:
`spec` is a JSON object of paths, names and seeds, never arrays; `emit(event)` reports progress
as a JSON object. Its results are files. It must be safe to call again after it died half way. A
`ScorerError` that it raises reaches the user as it is; of anything else the traceback is shown.
What it says through the logger "scorer", warnings and worse, the process that shares work out says.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from scorer.errors import ScorerError
from scorer.limits import n_cores

logger = logging.getLogger("scorer")

Spec = Mapping[str, Any]
Emit = Callable[[dict[str, Any]], None]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many units are done, and of how many."""

FAILED = "failed"
"""Key of the event in which a shard's process says which `ScorerError` it raised."""

WARNING, LEVEL = "warning", "level"
"""Keys of the event in which a shard's process hands on what its logger said, and how bad it is."""

MAX_ATTEMPTS = 3
"""How often a shard is started before its death is taken as final."""

MALLOC_KEEP_BYTES = str(4 * 2**30)
"""Below this glibc keeps freed memory instead of returning it after each large tensor."""


class ShardFailed(ScorerError):
    """A shard raised, or died more often than it may."""


class Engine(ABC):
    """Runs shard functions in other processes, on this machine or on many."""

    def __init__(self, n_workers: int | None = None, gpus: Sequence[int] = ()) -> None:
        """Take what work is shared among.

        Args:
            n_workers: processes; None leaves it to the engine.
            gpus: numbers of this machine's GPUs, see `scorer.devices`.
        """
        if n_workers is not None and n_workers < 1:
            raise ValueError(f"`n_workers` must be at least 1, got {n_workers}")
        self.is_chosen = n_workers is not None
        self.gpus = tuple(gpus)
        self.n_gpus, self.n_machines = len(self.gpus), 1
        self.n_workers = n_workers or n_cores()

    @abstractmethod
    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        """Run the shard function once for each spec, all at a time, and wait for them.

        A shard whose process dies is started again, up to `MAX_ATTEMPTS` times in all.

        Args:
            function: "package.module:function".
            specs: one a shard; at most `n_workers` run at once.
            on_event: called in this process with what the shards emit.

        Raises:
            ShardFailed: with what the shard says of its failure, or else the last lines of what it
                wrote to stderr; the other shards are ended.
        """

    def n_devices(self, spec: Spec) -> int:
        """Return how many devices with memory of their own shards compute on, at least 1."""
        return max(1, self.n_gpus) if is_on_gpu(spec) else self.n_machines

    def n_workers_for(
        self, spec: Spec, n_units: int, per_gpu: int | None = None, in_memory: int | None = None
    ) -> int:
        """Return how many workers `share` gives units to; its arguments."""
        n_workers = min(self.n_workers, n_units)
        if self.is_chosen:
            return n_workers
        bounds = [per_gpu] if is_on_gpu(spec) else []
        per_device = min((each for each in (*bounds, in_memory) if each is not None), default=None)
        return (
            n_workers if per_device is None else min(n_workers, per_device * self.n_devices(spec))
        )

    def share(
        self,
        function: str,
        spec: Spec,
        units: Sequence[Any],
        *,
        what: str,
        progress: Progress,
        group_size: int = 1,
        per_gpu: int | None = None,
        in_memory: int | None = None,
    ) -> None:
        """Share units of work between shards and count them as they are done.

        Every shard is told of all units and of its own place to begin, and claims what no other
        has (`scorer.store.claim`), so that a fast worker takes over from a slow one.

        Args:
            function: emits one event a unit; finds `units`, `start`, `n_workers`, `n_sharing`, the
                workers of one device, and `group_size` in its spec.
            spec: what the shards have in common; `device` says what they compute on.
            units: JSON values; with none nothing is started.
            what: name of the work for `progress`.
            progress: called with (what, done, total).
            group_size: units that a worker takes at once, at most: none waits while others have
                full groups.
            per_gpu: workers that one GPU serves well, for where nobody said how many.
            in_memory: workers that the memory of one device holds, likewise.
        """
        if not units:
            return
        n_workers = self.n_workers_for(spec, len(units), per_gpu, in_memory)
        done = 0
        progress(what, done, len(units))

        def count(_: dict[str, Any]) -> None:
            nonlocal done
            done += 1
            progress(what, done, len(units))

        common = {
            **spec,
            "units": list(units),
            "n_workers": n_workers,
            "n_sharing": -(-n_workers // self.n_devices(spec)),
            "group_size": min(group_size, -(-len(units) // n_workers)),
        }
        starts = [len(units) * worker // n_workers for worker in range(n_workers)]
        self.run(function, [{**common, "start": start} for start in starts], count)


class Listener:
    """Takes the events of all shards of one `run`, and hands on those that they emitted."""

    def __init__(self, on_event: Emit) -> None:
        """Take what is called with what shards emit themselves."""
        self._on_event = on_event
        self._said: set[tuple[int, str]] = set()

    def __call__(self, event: dict[str, Any]) -> None:
        """Say a warning, once for all workers; raise for a failure; hand on what else it is.

        Raises:
            ShardFailed: with what the shard says of its failure.
        """
        if FAILED in event:
            raise ShardFailed(event[FAILED])
        if WARNING not in event:
            self._on_event(event)
        elif (said := (event[LEVEL], event[WARNING])) not in self._said:
            self._said.add(said)
            logger.log(*said)


@contextmanager
def handing_on(emit: Emit) -> Iterator[None]:
    """Let what the kit's logger says in this process, warnings and worse, be emitted."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            emit({WARNING: record.getMessage(), LEVEL: record.levelno})

    handler = Handler(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def after_death(spec: Spec) -> Spec:
    """Return what a shard is told whose process was killed, with groups half as large.

    A system short of memory kills without a word, and would do so again.
    """
    size = spec.get("group_size", 1)
    if size < 2:
        return spec
    logger.warning(
        "a worker was killed, as where memory runs out; it is started again with groups of %d"
        " where it had %d",
        size // 2,
        size,
    )
    return {**spec, "group_size": size // 2}


def is_on_gpu(spec: Spec) -> bool:
    """Tell whether a shard computes on a GPU."""
    return str(spec.get("device", "cpu")).startswith("cuda")


def no_progress(what: str, done: int, total: int) -> None:
    """Show nothing."""


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a worker: one thread a process, and memory kept for reuse.

    Two threads that share two busy cores can run many times slower than one each.
    """
    single = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    memory = {
        "MALLOC_MMAP_THRESHOLD_": MALLOC_KEEP_BYTES,
        "MALLOC_TRIM_THRESHOLD_": MALLOC_KEEP_BYTES,
    }
    return {**memory, **environment, **single}
