"""Which entries a process makes: groups of them, locked against other processes meanwhile.

Locks save work and nothing else: two processes that make the same entry waste time, never
correctness.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from filelock import FileLock, Timeout

from scorer.files import disk_errors
from scorer.store.entries import Store

Unit = tuple[Store, int]


def claim(units: Sequence[Unit], start: int, group_size: int) -> Iterator[list[Unit]]:
    """Yield groups of entries still to be made, locked against other processes meanwhile.

    Workers share one list of units and begin at different places, so that a fast one takes over
    what a slow one has not reached. Entries that another process holds are waited for at the end,
    in case it dies without finishing them.

    Args:
        units: what is to be made.
        start: where in `units` to begin, wrapping round.
        group_size: the most units in a group; groups hold units of one store only.
    """
    pending = [*units[start:], *units[:start]]
    for timeout in (0, -1):
        skipped: list[Unit] = []
        while pending:
            with ExitStack() as locks:
                group: list[Unit] = []
                while pending and len(group) < group_size:
                    if group and pending[0][0].root != group[0][0].root:
                        break
                    store, index = pending.pop(0)
                    if store.has(index):
                        continue
                    lock = FileLock(store.root / f".{index:05d}.lock")
                    try:
                        with disk_errors(store.root):
                            store.root.mkdir(parents=True, exist_ok=True)
                            lock.acquire(timeout=timeout)
                    except Timeout:
                        skipped.append((store, index))
                        continue
                    locks.callback(lock.release)
                    if not store.has(index):
                        group.append((store, index))
                    if timeout:
                        break
                if group:
                    yield group
        pending = skipped
