"""Where shards run: an engine takes a shard function by name and runs it in other processes.

A new engine is a new module here with one subclass of `Engine`, named after the module. Modules
are imported when their engine is asked for, so that what they need may be missing until then.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from scorer.engines.base import Engine, ShardFailed
from scorer.engines.local import LocalEngine
from scorer.errors import unknown_name

NOT_ENGINES = ("base", "shard")
"""Modules of this package that hold what engines share."""

ENGINES = tuple(
    module.name for module in pkgutil.iter_modules(__path__) if module.name not in NOT_ENGINES
)


def make_engine(name: str, n_workers: int | None) -> Engine:
    """Return the engine of that name; `n_workers` None leaves the number to the engine.

    Raises:
        UsageError: unknown name.
        ScorerError: what the engine needs is not installed or does not answer.
    """
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    module = importlib.import_module(f"{__name__}.{name}")
    for _, member in inspect.getmembers(module, inspect.isclass):
        if member.__module__ == module.__name__ and issubclass(member, Engine):
            return member(n_workers)
    raise TypeError(f"{module.__name__} must define a subclass of Engine, found none")


__all__ = ["ENGINES", "Engine", "LocalEngine", "ShardFailed", "make_engine"]
