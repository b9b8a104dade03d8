"""Entries on disk that survive a crash: written whole or not at all, verified on every load.

An entry is a folder `<root>/<index>/` with `manifest.json`, which names the SHA-256 of the other
files and is sealed; `arrays.safetensors` where it has arrays; and `weights.safetensors` where
those of a model were kept. It is written under a temporary name, synced, and renamed, so a folder
with its final name is complete.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from scorer.files import (
    ENTRY,
    Damaged,
    discard,
    disk_errors,
    read_regular,
    set_aside,
    written_folder,
)
from scorer.store.seal import Seal

ARRAYS = "arrays.safetensors"
WEIGHTS = "weights.safetensors"
MANIFEST = "manifest.json"

MOST_MANIFEST_BYTES = 64 * 2**20

Arrays = Mapping[str, np.ndarray]


class DamagedEntry(Damaged):
    """An entry's bytes are not those that were written there."""


class Store:
    """Numbered entries under one folder."""

    def __init__(
        self,
        root: Path,
        is_current: Callable[[dict[str, Any]], bool] | None = None,
        *,
        seal: Seal | None = None,
    ) -> None:
        """Name the folder, which need not exist.

        Args:
            root: the folder.
            is_current: tells by its manifest whether an entry holds all that is wanted of it; one
                that does not counts as missing, and is replaced when it is written again.
            seal: what the entries are held against; by default a public one of the folder's name.
        """
        self.root = root
        self._is_current = is_current
        self._seal = seal or Seal(root.name)

    def folder(self, index: int) -> Path:
        """Return the folder of an entry, whether or not it exists."""
        return self.root / f"{index:05d}"

    def has(self, index: int) -> bool:
        """Tell whether the entry is there and current, by its manifest; `check` looks at all."""
        try:
            return self._accepts(self.manifest(index))
        except DamagedEntry:
            return False

    def missing(self, n_entries: int) -> list[int]:
        """Return which of the first `n_entries` are not there."""
        return [index for index in range(n_entries) if not self.has(index)]

    def outdated(self, n_entries: int) -> list[int]:
        """Return which of the first `n_entries` are there but not current."""
        return [index for index in range(n_entries) if self._is_outdated(index)]

    def write(
        self, index: int, arrays: Arrays, facts: Mapping[str, Any], weights: bytes | None = None
    ) -> None:
        """Commit an entry; a current one that is there already is left as it is.

        Args:
            index: from 0.
            arrays: saved in the dtypes that they have; with none there is no file of them.
            facts: JSON values for the manifest.
            weights: of a model in the safetensors format, kept beside the arrays where given.

        Raises:
            DiskError: the disk is full or not writable; no part of the entry remains.
        """
        files = {ARRAYS: save_arrays(dict(arrays))} if arrays else {}
        if weights is not None:
            files[WEIGHTS] = weights
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        files[MANIFEST] = self._seal.close(index, {**facts, "sha256": hashes})
        with written_folder(self.root, f"{index:05d}", files) as made, self._changing():
            if not self.has(index):
                self._make_room(index)
                made.rename(self.folder(index))

    def manifest(self, index: int) -> dict[str, Any]:
        """Return the manifest of an entry.

        Raises:
            DamagedEntry: the entry is not there or no folder, or its manifest is not sealed as
                this one.
            ScorerError: a newer kit wrote it.
        """
        folder = self.folder(index)
        try:
            if not stat.S_ISDIR(os.lstat(folder).st_mode):
                raise DamagedEntry(f"{folder}: not a folder")
            return self._seal.open(index, read_regular(folder / MANIFEST, MOST_MANIFEST_BYTES))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DamagedEntry(f"{folder}: {error.strerror}") from error
        except DamagedEntry:
            raise
        except Damaged as error:
            raise DamagedEntry(f"{folder}: {error}") from error

    def content(self, index: int, file: str) -> bytes:
        """Return one file's bytes after comparing their SHA-256 with the manifest's.

        Raises:
            DamagedEntry: the file is missing, cut short or changed.
        """
        return self._content(index, file, self.manifest(index))

    def read(self, index: int, *, also: Collection[str] = ()) -> dict[str, np.ndarray]:
        """Return the arrays of an entry, checked as `content` does; none where it has none.

        Args:
            index: of the entry.
            also: other files of the entry that are checked.

        Raises:
            DamagedEntry: a file is missing, cut short or changed.
        """
        manifest = self.manifest(index)
        for file in also:
            self._content(index, file, manifest)
        if ARRAYS not in manifest["sha256"]:
            return {}
        content = self._content(index, ARRAYS, manifest)
        try:
            arrays: dict[str, np.ndarray] = load_arrays(content)
        except SafetensorError as error:
            raise DamagedEntry(f"{self.folder(index) / ARRAYS}: {error}") from error
        return arrays

    def check(self, index: int) -> None:
        """Read every file of an entry.

        Raises:
            DamagedEntry: one is missing, cut short or changed.
        """
        manifest = self.manifest(index)
        for file in manifest["sha256"]:
            self._content(index, file, manifest)

    def take_stock(self, n_entries: int) -> tuple[list[int], list[int]]:
        """Look at each manifest once, and set aside what has none that is sealed as this one.

        Returns:
            Which of the first `n_entries` are not there or not current, and which of these are
            there but not current.
        """
        self._clear_root()
        missing, outdated = [], []
        for index in range(n_entries):
            try:
                if self._accepts(self.manifest(index)):
                    continue
                outdated.append(index)
            except DamagedEntry as error:
                if os.path.lexists(self.folder(index)):
                    self.quarantine(index, str(error))
            missing.append(index)
        return missing, outdated

    def repair(self, n_entries: int | None = None, *, deep: bool = True) -> list[Path]:
        """Set aside what is damaged, so that it counts as missing; return where it lies now.

        Args:
            n_entries: look at the first so many; None for all that there are.
            deep: read every file; otherwise manifests alone, which `write` would do as well.
        """
        aside = self._clear_root()
        if aside:
            return [aside]
        damaged = self.damaged(n_entries, deep=deep)
        moved = [self.quarantine(index, reason) for index, reason in damaged.items()]
        return [path for path in moved if path is not None]

    def damaged(self, n_entries: int | None = None, *, deep: bool = True) -> dict[int, str]:
        """Return which entries are damaged, and why; nothing is changed.

        Args:
            n_entries: look at the first so many; None for all that there are.
            deep: read every file; otherwise manifests alone.
        """
        found = {}
        for index in self.present() if n_entries is None else range(n_entries):
            if not os.path.lexists(self.folder(index)):
                continue
            try:
                if deep:
                    self.check(index)
                else:
                    self.manifest(index)
            except DamagedEntry as error:
                found[index] = str(error)
        return found

    def quarantine(self, index: int, reason: str) -> Path | None:
        """Set a damaged entry aside and return where it lies now.

        Returns:
            None where another process did so, or has made the entry again meanwhile.
        """
        with disk_errors(self.root), self._changing():
            try:
                self.check(index)
            except DamagedEntry:
                return set_aside(self.folder(index), reason)
            return None

    def _content(self, index: int, file: str, manifest: Mapping[str, Any]) -> bytes:
        """Return one file's bytes, held against a manifest that was read before."""
        path, expected = self.folder(index) / file, manifest["sha256"].get(file)
        try:
            content = read_regular(path)
        except Damaged as error:
            raise DamagedEntry(str(error)) from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise DamagedEntry(f"{path}: its SHA-256 is not the manifest's")
        return content

    def _clear_root(self) -> Path | None:
        """Set aside what lies where the folder goes and is none; return where it lies now."""
        if os.path.lexists(self.root) and not self.root.is_dir():
            return set_aside(self.root, f"{self.root}: not a folder")
        return None

    def _accepts(self, manifest: dict[str, Any]) -> bool:
        """Tell whether a manifest is of a current entry."""
        return self._is_current is None or self._is_current(manifest)

    def _is_outdated(self, index: int) -> bool:
        """Tell whether an entry is there, by its manifest, but not current."""
        try:
            return not self._accepts(self.manifest(index))
        except DamagedEntry:
            return False

    def present(self) -> list[int]:
        """Return the indices that something lies under, whatever it is."""
        if not self.root.is_dir():
            return []
        names = [path.name for path in self.root.iterdir()]
        return sorted(int(name) for name in names if ENTRY.fullmatch(name))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep other processes from taking an entry away or replacing it meanwhile.

        So what one of them found damaged is not taken away after another has made it again.
        """
        with FileLock(self.root / ".change.lock"):
            yield

    def _make_room(self, index: int) -> None:
        """Take away what lies where an entry goes and is not a current one."""
        folder = self.folder(index)
        if self._is_outdated(index):
            discard(folder)
        elif os.path.lexists(folder):
            set_aside(folder, f"{folder}: not an entry")
