"""The processes of a run: which they are, what they hold, and their end."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MIB = 2**20
PATIENCE_S = 10.0
"""How long processes that start others as fast as they are ended are chased."""

POLL_S = 0.002


class Unending(Exception):
    """Processes of a run are left, whatever is done."""


def descendants() -> list[int]:
    """Return all processes that this one or its children started, by the system's table.

    In a namespace of its own the first process is the ancestor of all others.
    """
    parents: dict[int, int] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            # After the name in brackets: state, then parent.
            parents[int(stat.parent.name)] = int(stat.read_bytes().rpartition(b")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found: list[int] = []
    own = {os.getpid()}
    while own:
        own = {pid for pid, parent in parents.items() if parent in own}
        found += own
    return found


def memory_mib(processes: list[int], limit_mib: float) -> float:
    """Return what processes hold together; memory that they share may count twice below the limit.

    To count it once takes the system much longer, so that is done only where it matters.
    """
    quick = sum(_read(pid, _resident_bytes) for pid in processes) / MIB
    if quick <= limit_mib:
        return quick
    return sum(_read(pid, _own_share_bytes) for pid in processes) / MIB


def _read(pid: int, what: Callable[[Path], int]) -> int:
    """Return a number about a process, 0 where it is gone."""
    try:
        return what(PROC / str(pid))
    except (OSError, IndexError):
        return 0


def _resident_bytes(place: Path) -> int:
    """Return the memory of a process, shared or not."""
    return int((place / "statm").read_bytes().split()[1]) * PAGE_BYTES


def _own_share_bytes(place: Path) -> int:
    """Return the memory of a process, of what is shared its part."""
    lines = (place / "smaps_rollup").read_bytes().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:"))


def end_all(pid: int) -> Iterator[tuple[int, int, resource.struct_rusage]]:
    """End a run and everything that it started; yield each process as it is buried.

    Args:
        pid: of the run, which leads a group.

    Yields:
        Process, status and usage, as `os.wait4` returns them.

    Raises:
        Unending: after `PATIENCE_S` there are still some.
    """
    deadline = time.monotonic() + PATIENCE_S
    _kill(os.killpg, pid)
    while time.monotonic() < deadline:
        while True:
            try:
                buried = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not buried[0]:
                break
            yield buried
        if os.getpid() == 1:
            # The first process of a namespace: the system reaches all others at once.
            _kill(os.kill, -1)
        else:
            for each in descendants():
                _kill(os.kill, each)
        time.sleep(POLL_S)
    raise Unending(f"processes of a run were left after {PATIENCE_S:g} s")


def _kill(how: Callable[[int, int], None], target: int) -> None:
    """End a process or a group of them, if it is still there."""
    try:
        how(target, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Gone, or the run had no time yet to lead its group.
        return
