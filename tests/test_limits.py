"""Processors and memory as containers and batch systems bound them, by files like theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scorer.limits import free_memory_bytes, memory_bytes, n_cores

GIB = 2**30
TOTAL = 64 * GIB
USABLE = 16

Tree = dict[str, str]


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a machine of 16 processors and 64 GiB."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(USABLE)), raising=False)
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": TOTAL // 4096}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)


def found(folder: Path, groups: str, tree: Tree) -> tuple[int, int]:
    """Return processors and GiB of a process in some groups."""
    for name, content in tree.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    own = folder / "own"
    own.write_text(groups)
    where = folder / "cgroup", own
    return n_cores(*where), memory_bytes(*where) // GIB


V2 = "0::/slice/job\n"
V1 = "5:memory:/job\n4:cpuset:/other\n3:cpu,cpuacct:/job\n0::/\n"

BOUNDS: dict[str, tuple[str, Tree, tuple[int, int]]] = {
    "version 2": (
        V2,
        {"slice/job/cpu.max": "400000 100000", "slice/job/memory.max": str(8 * GIB)},
        (4, 8),
    ),
    "version 2 without bounds": (
        V2,
        {"slice/job/cpu.max": "max 100000", "slice/job/memory.max": "max"},
        (16, 64),
    ),
    "the group around": (
        V2,
        {
            "slice/cpu.max": "200000 100000",
            "slice/job/cpu.max": "400000 100000",
            "slice/memory.max": str(4 * GIB),
            "slice/job/memory.max": "max",
        },
        (2, 4),
    ),
    "a container that sees its group as the top": (
        "0::/system/docker-1\n",
        {"cpu.max": "300000 100000", "memory.max": str(2 * GIB)},
        (3, 2),
    ),
    "a part of a processor is left out": (V2, {"slice/job/cpu.max": "250000 100000"}, (2, 64)),
    "never none": (V2, {"slice/job/cpu.max": "50000 100000"}, (1, 64)),
    "more than there is": (
        V2,
        {"slice/job/cpu.max": "9900000 100000", "slice/job/memory.max": str(2**60)},
        (16, 64),
    ),
    "version 1": (
        V1,
        {
            "cpu,cpuacct/job/cpu.cfs_quota_us": "600000",
            "cpu,cpuacct/job/cpu.cfs_period_us": "100000",
            "memory/job/memory.limit_in_bytes": str(3 * GIB),
        },
        (6, 3),
    ),
    "version 1 without bounds": (
        V1,
        {
            "cpu/job/cpu.cfs_quota_us": "-1",
            "cpu/job/cpu.cfs_period_us": "100000",
            "memory/job/memory.limit_in_bytes": "9223372036854771712",
        },
        (16, 64),
    ),
    "version 2 beside version 1": (
        V1,
        {"unified/cpu.max": "500000 100000", "unified/memory.max": str(5 * GIB)},
        (5, 5),
    ),
    "groups of others do not count": (
        V1,
        {"cpuset/other/memory.max": "1", "memory/else/memory.limit_in_bytes": "1"},
        (16, 64),
    ),
}


@pytest.mark.parametrize(("groups", "tree", "expected"), BOUNDS.values(), ids=BOUNDS.keys())
def test_the_least_bound_counts(
    tmp_path: Path, groups: str, tree: Tree, expected: tuple[int, int]
) -> None:
    assert found(tmp_path, groups, tree) == expected


def test_a_system_without_groups_has_all_of_the_machine(tmp_path: Path) -> None:
    nothing = tmp_path / "none", tmp_path / "none either"
    assert (n_cores(*nothing), memory_bytes(*nothing)) == (USABLE, TOTAL)


def test_what_others_use_is_not_free(tmp_path: Path) -> None:
    info = tmp_path / "meminfo"
    info.write_text(f"MemTotal: {TOTAL // 1024} kB\nMemAvailable:    {7 * GIB // 1024} kB\n")
    nothing = tmp_path / "none", tmp_path / "none either"
    assert free_memory_bytes(info, *nothing) == 7 * GIB
    info.write_text("MemAvailable: 99999999999 kB\n")
    assert free_memory_bytes(info, *nothing) == memory_bytes(*nothing)
    assert free_memory_bytes(tmp_path / "none", *nothing) == memory_bytes(*nothing)


@pytest.mark.parametrize(
    ("groups", "folder", "limit", "usage", "prefix"),
    [
        (V2, "slice", "memory.max", "memory.current", ""),
        (V1, "memory/job", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    ],
)
def test_what_a_bounded_group_uses_is_not_free_and_its_caches_are(
    tmp_path: Path, groups: str, folder: str, limit: str, usage: str, prefix: str
) -> None:
    statistics = f"anon {GIB}\n{prefix}inactive_file {2 * GIB}\n{prefix}active_file {GIB}"
    tree = {limit: str(8 * GIB), usage: str(6 * GIB), "memory.stat": statistics}
    found(tmp_path, groups, {f"{folder}/{name}": content for name, content in tree.items()})
    info = tmp_path / "meminfo"
    info.write_text(f"MemAvailable: {7 * GIB // 1024} kB\n")
    where = tmp_path / "cgroup", tmp_path / "own"
    assert free_memory_bytes(info, *where) == 5 * GIB
    (tmp_path / "cgroup" / folder / usage).write_text(str(12 * GIB))
    assert free_memory_bytes(info, *where) == 0, "a bound may be lowered below what is used"
    (tmp_path / "cgroup" / folder / limit).write_text("max")
    assert free_memory_bytes(info, *where) == 7 * GIB
