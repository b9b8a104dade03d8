"""Where shards run: an engine takes a shard function by name and runs it in other processes."""

from __future__ import annotations

from scorer.engines.base import Engine, ShardFailed
from scorer.engines.local import LocalEngine
from scorer.errors import unknown_name

ENGINES: dict[str, type[Engine]] = {"local": LocalEngine}


def make_engine(name: str, n_workers: int | None) -> Engine:
    """Return the engine of that name; `n_workers` None leaves the number to the engine.

    Raises:
        UsageError: unknown name.
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    return ENGINES[name](n_workers)


__all__ = ["ENGINES", "Engine", "LocalEngine", "ShardFailed", "make_engine"]
