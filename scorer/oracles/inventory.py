"""What lies below a cache folder, by kind and with sizes, to be shown and cleaned."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scorer.files import DAMAGED, TEMPORARY, delete_abandoned, discard, is_abandoned
from scorer.oracles.place import NAME, RUNS

KINDS = {
    "pools": "models of a task, of one secret and one way of training",
    "runs": "outcomes of a submission's runs",
    "difficulty": "models that tell which examples are hard",
    "studies": "computed parts of studies",
    "snapshots": "tasks as worker processes read them",
    "paths": "which way of training is faster",
    "older": "what an older kit left, and this one does not read",
    "damaged": "set aside because its bytes had changed",
    "leftovers": "half written by processes that were killed",
}

PLACES = {"snapshots": "tasks", "difficulty": "difficulty", "studies": "studies"}
"""Folders that hold things of one kind."""

USELESS = ("older", "damaged", "leftovers")
"""What nothing reads any more."""

FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Found:
    """Something below a cache folder.

    Attributes:
        kind: a name in `KINDS`.
        path: of a file or folder.
        size_mib: of all files in it that are of no other kind.
    """

    kind: str
    path: Path
    size_mib: float


def take_inventory(cache_dir: Path) -> list[Found]:
    """Return what lies below a cache folder; what is of no kind is passed over."""
    found = [*_by_place(cache_dir), *_by_name(cache_dir)]
    apart = {path for _, path in found}
    return [Found(kind, path, _size_mib(path, apart - {path})) for kind, path in found]


def clean(found: Collection[Found]) -> list[Found]:
    """Delete things and return those that were deleted: not what a living process is writing.

    Raises:
        DiskError: one may not be deleted.
    """
    deleted = []
    for each in found:
        if each.kind != "leftovers":
            discard(each.path)
        elif not delete_abandoned(each.path):
            continue
        deleted.append(each)
    return deleted


def _by_place(cache_dir: Path) -> Iterator[tuple[str, Path]]:
    """Yield what is known by where it lies."""
    for path in _within(cache_dir / "paths"):
        yield ("paths" if path.is_dir() else "older"), path
    for kind, name in PLACES.items():
        for path in _within(cache_dir / "v1" / name):
            yield kind, path
    for task in _within(cache_dir / "v1"):
        if not FINGERPRINT.fullmatch(task.name):
            continue
        for engine in _within(task):
            for pool in _within(engine):
                is_pool = NAME.fullmatch(pool.name) is not None
                yield ("pools" if is_pool else "older"), pool
                if is_pool:
                    yield from (("runs", path) for path in _within(pool / RUNS))


def _by_name(cache_dir: Path) -> Iterator[tuple[str, Path]]:
    """Yield what was set aside or left half written, wherever it lies."""
    for folder, folders, files in os.walk(cache_dir):
        for name in (*folders, *files):
            path = Path(folder, name)
            if name.startswith(DAMAGED):
                yield "damaged", path
            elif name.startswith(TEMPORARY) and is_abandoned(path):
                yield "leftovers", path
        folders[:] = [name for name in folders if not name.startswith((DAMAGED, TEMPORARY))]


def _within(folder: Path) -> list[Path]:
    """Return what lies in a folder but for hidden files; nothing where it is none."""
    if not folder.is_dir() or folder.is_symlink():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _size_mib(path: Path, apart: Collection[Path]) -> float:
    """Return the size of a file, or of all files in a folder but for what is counted apart."""
    total = 0 if path.is_dir() and not path.is_symlink() else _size_bytes(path)
    for folder, folders, files in os.walk(path):
        inside = (Path(folder, name) for name in files)
        total += sum(_size_bytes(each) for each in inside if each not in apart)
        folders[:] = [name for name in folders if Path(folder, name) not in apart]
    return total / 2**20


def _size_bytes(path: Path) -> int:
    """Return the size of a file; of one that is gone by now, 0."""
    with suppress(FileNotFoundError):
        return path.lstat().st_size
    return 0
