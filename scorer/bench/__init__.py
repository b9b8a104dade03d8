"""Speed, measured side by side. One bench a file.

A module here that defines `BENCH` is a bench; nothing else has to be told of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from scorer.bench.base import Bench, Settings
from scorer.errors import unknown_name

__all__ = ["Bench", "Settings", "bench_named", "benches"]


@cache
def benches() -> dict[str, Bench]:
    """Return every bench by name, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        bench = getattr(importlib.import_module(f"{__name__}.{module.name}"), "BENCH", None)
        if isinstance(bench, Bench):
            found[bench.name] = bench
    return dict(sorted(found.items()))


def bench_named(name: str) -> Bench:
    """Return one bench.

    Raises:
        UsageError: unknown name, with near matches and the list.
    """
    if name not in benches():
        raise unknown_name("bench", name, benches())
    return benches()[name]
