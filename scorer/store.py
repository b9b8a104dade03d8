"""Entries on disk that survive a crash: written whole or not at all, verified on every load.

An entry is a folder `<root>/<index>/` with `arrays.safetensors`, optionally `weights.safetensors`,
and `manifest.json`, which names the SHA-256 of each. It is written under a temporary name, synced,
and renamed, so a folder with its final name is complete. Locks save work and nothing else: two
processes that make the same entry waste time, never correctness.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

logger = logging.getLogger("scorer")

ARRAYS = "arrays.safetensors"
WEIGHTS = "weights.safetensors"
MANIFEST = "manifest.json"

Arrays = Mapping[str, np.ndarray]


class DamagedEntry(Exception):
    """An entry's bytes are not those that its manifest names."""


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file and return once its bytes are on the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def json_sha256(value: Any) -> str:
    """Return the SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class Store:
    """Numbered entries under one folder."""

    def __init__(
        self, root: Path, is_current: Callable[[dict[str, Any]], bool] | None = None
    ) -> None:
        """Name the folder, which need not exist.

        Args:
            root: the folder.
            is_current: tells by its manifest whether an entry holds all that is wanted of it; one
                that does not counts as missing, and is replaced when it is written again.
        """
        self.root = root
        self._is_current = is_current

    def folder(self, index: int) -> Path:
        """Return the folder of an entry, whether or not it exists."""
        return self.root / f"{index:05d}"

    def exists(self, index: int) -> bool:
        """Tell whether the entry was committed, current or not."""
        return (self.folder(index) / MANIFEST).is_file()

    def has(self, index: int) -> bool:
        """Tell whether the entry is there and current; `read` tells whether it is sound."""
        if self._is_current is None or not self.exists(index):
            return self.exists(index)
        try:
            return self._is_current(self.manifest(index))
        except DamagedEntry:
            return True

    def missing(self, n_entries: int) -> list[int]:
        """Return which of the first `n_entries` are not there."""
        return [index for index in range(n_entries) if not self.has(index)]

    def outdated(self, n_entries: int) -> list[int]:
        """Return which of the first `n_entries` are there but not current."""
        return [index for index in self.missing(n_entries) if self.exists(index)]

    def write(
        self, index: int, arrays: Arrays, facts: Mapping[str, Any], weights: bytes | None = None
    ) -> None:
        """Commit an entry; a current one that is there already is left as it is.

        Args:
            index: from 0.
            arrays: saved in the dtypes that they have.
            facts: JSON values for the manifest.
            weights: of a model in the safetensors format, kept beside the arrays where given.

        Raises:
            OSError: the disk is full or not writable; no part of the entry remains.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        temporary = self.root / f".tmp-{index:05d}-{uuid.uuid4().hex}"
        outdated = temporary.with_name(f"{temporary.name}-outdated")
        temporary.mkdir()
        try:
            files = {ARRAYS: save_arrays(dict(arrays))}
            if weights is not None:
                files[WEIGHTS] = weights
            hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
            for name, content in files.items():
                write_durably(temporary / name, content)
            manifest = {**facts, "index": index, "sha256": hashes}
            text = json.dumps(manifest, sort_keys=True, indent=1, allow_nan=False)
            write_durably(temporary / MANIFEST, text.encode())
            sync_folder(temporary)
            if self.exists(index) and not self.has(index):
                self.folder(index).rename(outdated)
            try:
                temporary.rename(self.folder(index))
            except OSError:
                if not self.has(index):
                    raise
            sync_folder(self.root)
        finally:
            for folder in (temporary, outdated):
                shutil.rmtree(folder, ignore_errors=True)

    def manifest(self, index: int) -> dict[str, Any]:
        """Return the manifest of an entry.

        Raises:
            DamagedEntry: it is not readable JSON with the hashes of the files.
        """
        try:
            manifest: dict[str, Any] = json.loads((self.folder(index) / MANIFEST).read_text())
            manifest["sha256"][ARRAYS]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedEntry(f"{self.folder(index) / MANIFEST}: {error}") from error
        return manifest

    def content(self, index: int, file: str) -> bytes:
        """Return one file's bytes after comparing their SHA-256 with the manifest's.

        Raises:
            DamagedEntry: the file is missing, cut short or changed.
        """
        path = self.folder(index) / file
        expected = self.manifest(index)["sha256"].get(file)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DamagedEntry(f"{path}: {error}") from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise DamagedEntry(f"{path}: its SHA-256 is not the manifest's")
        return content

    def read(self, index: int) -> dict[str, np.ndarray]:
        """Return the arrays of an entry, checked as `content` does.

        Raises:
            DamagedEntry: the file is missing, cut short or changed.
        """
        content = self.content(index, ARRAYS)
        try:
            arrays: dict[str, np.ndarray] = load_arrays(content)
        except SafetensorError as error:
            raise DamagedEntry(f"{self.folder(index) / ARRAYS}: {error}") from error
        return arrays

    def quarantine(self, index: int, reason: str) -> Path:
        """Move a damaged entry aside, say so, and return where it lies now."""
        aside = self.root / f".damaged-{index:05d}-{uuid.uuid4().hex[:8]}"
        self.folder(index).rename(aside)
        logger.warning("damaged entry moved to %s and to be made again: %s", aside, reason)
        return aside


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
                    store.root.mkdir(parents=True, exist_ok=True)
                    lock = FileLock(store.root / f".{index:05d}.lock")
                    try:
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
