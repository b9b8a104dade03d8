"""What this process may use of the machine: its processors and memory, less where a group is bound.

Containers and batch systems bound a group of processes ("cgroup") by a quota of processor time and
by a number of bytes, which neither the affinity nor the memory of the machine shows. A group is
bound by each of those around it too, so the least counts, up to the top of what is mounted.

Reference: https://docs.kernel.org/admin-guide/cgroup-v2.html (`cpu.max`, `memory.max`), and for
version 1 `cpu.cfs_quota_us` and `memory.limit_in_bytes` of the same guide.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
MEMORY_INFO = Path("/proc/meminfo")


def n_cores(root: Path = CGROUPS, groups: Path = OWN_GROUPS) -> int:
    """Return the number of processors that this process may use, at least 1.

    Of a quota the whole processors count: one worker more, and all of them are stopped in turns.

    Args:
        root: where control groups are mounted.
        groups: the file that names those of this process.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    quotas = [
        *(_quota(folder / "cpu.max") for folder in _folders("", root, groups)),
        *(
            _quota(folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us")
            for folder in _folders("cpu", root, groups)
        ),
    ]
    return max(1, int(min([usable, *quotas])))


def memory_bytes(root: Path = CGROUPS, groups: Path = OWN_GROUPS) -> int:
    """Return the memory that this process and its children may take together, in bytes.

    Args:
        root: where control groups are mounted.
        groups: the file that names those of this process.
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        *(_limit(folder / "memory.max") for folder in _folders("", root, groups)),
        *(_limit(folder / "memory.limit_in_bytes") for folder in _folders("memory", root, groups)),
    ]
    return int(min([total, *limits]))


def free_memory_bytes(
    info: Path = MEMORY_INFO, root: Path = CGROUPS, groups: Path = OWN_GROUPS
) -> int:
    """Return how much of `memory_bytes` nobody uses, in bytes; caches that give way are free.

    Of a bounded group that is what its bound leaves beside what all its processes take, this one
    among them: a system ends one of them where that is too little, however much the machine has.

    Args:
        info: the system's account of its memory; without one nothing is known to be used.
        root: where control groups are mounted.
        groups: the file that names those of this process.
    """
    left = [
        *(
            _left(folder, "memory.max", "memory.current", "")
            for folder in _folders("", root, groups)
        ),
        *(
            _left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
            for folder in _folders("memory", root, groups)
        ),
    ]
    return max(0, int(min([memory_bytes(root, groups), *_kibibytes(info, "MemAvailable"), *left])))


def _left(folder: Path, limit: str, usage: str, prefix: str) -> float:
    """Return the bytes that the bound of a group leaves, without end where it has none.

    Args:
        folder: of the group.
        limit: name of the file of its bound.
        usage: name of the file of what its processes take, caches of files among it.
        prefix: of what counts the groups inside too, in its statistics.
    """
    taken = _words(folder / usage)
    statistics = _words(folder / "memory.stat")
    caches = [
        int(value)
        for name, value in zip(statistics[::2], statistics[1::2], strict=False)
        if name in (f"{prefix}inactive_file", f"{prefix}active_file")
    ]
    return _limit(folder / limit) - max(0, int(taken[0]) - sum(caches) if taken else 0)


def _kibibytes(info: Path, name: str) -> list[int]:
    """Return the bytes that a line of the system's account names, none where there is no such."""
    lines = info.read_text().splitlines() if info.is_file() else ()
    return [1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:")]


def _folders(controller: str, root: Path, groups: Path) -> Iterator[Path]:
    """Yield the folders of this process's group and of those around it, the innermost first.

    In a container the named group may lie outside of what is mounted: then there is the top alone.

    Args:
        controller: of version 1, such as "memory"; "" for version 2, which has one tree.
        root: where control groups are mounted.
        groups: the file that names those of this process.
    """
    for line in groups.read_text().splitlines() if groups.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if controller not in controllers.split(","):
            continue
        # Beside version 1 the one tree of version 2 lies in a folder of its own.
        places = [controller, controllers] if controller else ["", "unified"]
        for top in {root / place for place in places}:
            inner = top / path.strip("/")
            yield from (one for one in (inner, *inner.parents) if one.is_relative_to(top))


def _quota(quota: Path, period: Path | None = None) -> float:
    """Return the processors of a quota, without end where there is none.

    Args:
        quota: holds microseconds, and in version 2 the period too.
        period: holds the period in version 1.
    """
    words = _words(quota) + (_words(period) if period else [])
    if len(words) != 2 or not words[0].isdecimal():  # "max" in version 2, "-1" in version 1
        return math.inf
    return int(words[0]) / int(words[1])


def _limit(path: Path) -> float:
    """Return the bytes in a file, without end where there is none or it says "max"."""
    words = _words(path)
    return int(words[0]) if words and words[0].isdecimal() else math.inf


def _words(path: Path) -> list[str]:
    """Return the words of a file, none where it is not there: then that bound is not set."""
    return path.read_text().split() if path.is_file() else []
