"""Where shards run: an engine takes a shard function by name and runs it in other processes.

One file an engine: a module here with a subclass of `Engine` of the same name. What an engine needs
is imported when it is made, so that it may be missing until then. See `scorer.registry`.
"""

from __future__ import annotations

from collections.abc import Sequence

from scorer.engines.base import Engine, ShardFailed
from scorer.engines.local import LocalEngine
from scorer.registry import Registry, subclass

ENGINES: Registry[type[Engine]] = Registry("engine", __name__, subclass(Engine))  # type: ignore[type-abstract]


def make_engine(name: str, n_workers: int | None, gpus: Sequence[int] = ()) -> Engine:
    """Return the engine of that name.

    Args:
        name: in `ENGINES`.
        n_workers: processes; None leaves the number to the engine.
        gpus: numbers of this machine's GPUs that work is shared among, see `scorer.devices`.

    Raises:
        UsageError: unknown name, or GPUs that the engine cannot choose.
        ScorerError: what the engine needs is not installed or does not answer.
    """
    return ENGINES[name](n_workers, gpus)


__all__ = ["ENGINES", "Engine", "LocalEngine", "ShardFailed", "make_engine"]
