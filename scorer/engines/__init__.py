"""Where shards run: an engine takes a shard function by name and runs it in other processes.

One file an engine: a module here with a subclass of `Engine` of the same name. What an engine needs
is imported when it is made, so that it may be missing until then. See `scorer.registry`.
"""

from __future__ import annotations

from scorer.engines.base import Engine, ShardFailed
from scorer.engines.local import LocalEngine
from scorer.registry import Registry, subclass

ENGINES: Registry[type[Engine]] = Registry("engine", __name__, subclass(Engine))  # type: ignore[type-abstract]


def make_engine(name: str, n_workers: int | None) -> Engine:
    """Return the engine of that name; `n_workers` None leaves the number to the engine.

    Raises:
        UsageError: unknown name.
        ScorerError: what the engine needs is not installed or does not answer.
    """
    return ENGINES[name](n_workers)


__all__ = ["ENGINES", "Engine", "LocalEngine", "ShardFailed", "make_engine"]
