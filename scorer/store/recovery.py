"""The one way back from damage: what is damaged is set aside, said, and made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from scorer.store.entries import DamagedEntry

T = TypeVar("T")

ATTEMPTS = 3
"""How often entries are made again before a disk is taken to give back other bytes than it got."""


def read_or_make(
    make: Callable[[], object], read: Callable[[], T], repair: Callable[[], object]
) -> T:
    """Return what `read` returns, after making what is missing.

    Args:
        make: makes what is not there.
        read: reads all of it, verified.
        repair: sets aside what is damaged, so that `make` finds it missing.

    Raises:
        DamagedEntry: even what was made just now is damaged.
    """
    for _ in range(ATTEMPTS - 1):
        make()
        try:
            return read()
        except DamagedEntry:
            repair()
    make()
    return read()
