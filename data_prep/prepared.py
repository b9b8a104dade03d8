"""Decoded image sets on disk: written whole or not at all, verified whenever they are read.

    <folder>/images.npy     (n, channels, height, width) uint8, read as a memory map
    <folder>/NAME.npy       labels and whatever else there is one of for each image
    <folder>/manifest.json  what it was made from, facts, and the SHA-256 of each array

While it is made it lies beside its final place under a hidden name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from data_prep.decoding import IMAGES, JOURNAL, Broken, Progress, decode_all
from data_prep.normalisation import channel_statistics
from data_prep.pictures import Picture, Shape
from data_prep.raw import DamagedData
from data_prep.sets import MAX_NAMED, listed

MANIFEST, PLAN = "manifest.json", "plan.json"
EDITION = 1
"""Raised when the same files would become other arrays; what is prepared is then made anew."""

VALUE_RANGE = 255.0
SPARE_BYTES = 64 * 2**20
"""Room that is left on the disk."""

Arrays = Mapping[str, NDArray[np.generic]]


class BrokenImages(DamagedData):
    """Some images cannot be decoded; the message counts and names them."""


@dataclass(frozen=True)
class Prepared:
    """A set that was read and verified.

    Attributes:
        images: `(n, channels, height, width)` uint8, memory-mapped.
        arrays: the others by name, `(n, ...)` each.
        facts: what `prepare` was given; "skipped": images left out, with the reason of each; "mean"
            and "std" of the channels of `images / 255`, official test images left out.
    """

    images: NDArray[np.uint8]
    arrays: dict[str, NDArray[Any]]
    facts: dict[str, Any]


def is_prepared(folder: Path, made_from: Mapping[str, Any] | None = None) -> bool:
    """Tell whether a set is there; where `made_from` is given, whether it was made from that."""
    path = folder / MANIFEST
    if not path.exists():
        return False
    return made_from is None or _manifest(folder).get("made_from") == _identity(made_from)


def prepare(
    folder: Path,
    pictures: Sequence[Picture],
    shape: Shape,
    arrays: Arrays,
    made_from: Mapping[str, Any],
    facts: Mapping[str, Any],
    progress: Progress,
    *,
    skip_broken: bool = False,
) -> None:
    """Decode images and keep them with what belongs to them; one made from the same is left.

    Args:
        folder: replaced once everything is there.
        pictures: the files.
        shape: of each image, see `data_prep.pictures.decode`.
        arrays: what there is one of for each image, by name, "is_official_test" among it.
        made_from: JSON values that change whenever the result would; a call that was stopped is
            gone on with by one with equal values.
        facts: JSON values to keep.
        progress: called with ("images", done, total).
        skip_broken: leave out images that cannot be decoded.

    Raises:
        BrokenImages: some cannot be decoded and are not to be left out; nothing is kept.
        OSError: the disk has too little room.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if is_prepared(folder, made_from):
            return
        if folder.exists() and not is_prepared(folder):
            raise OSError(
                f"{folder} must be free for the decoded images, but holds something else; move it"
            )
        part = folder.with_name(f".{folder.name}.part")
        _begin(part, _identity(made_from), len(pictures) * int(np.prod(shape)))
        broken = decode_all(pictures, shape, part, progress)
        if broken and not skip_broken:
            shutil.rmtree(part)
            raise BrokenImages(tell_broken(broken, pictures))
        # From here on the folder is no longer what a stopped call could go on with.
        (part / PLAN).unlink()
        (part / JOURNAL).unlink()
        kept = np.setdiff1d(np.arange(len(pictures)), list(broken))
        if broken:
            _take_rows(part / IMAGES, kept)
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array[kept], allow_pickle=False)
        images, is_test = np.load(part / IMAGES, mmap_mode="r"), arrays["is_official_test"][kept]
        mean, std = channel_statistics(images, ~is_test.astype(bool), VALUE_RANGE)
        _seal(part, [IMAGES, *(f"{name}.npy" for name in arrays)], {
            **facts,
            "mean": mean,
            "std": std,
            "made_from": _identity(made_from),
            "skipped": {pictures[index].name: reason for index, reason in broken.items()},
        })  # fmt: skip
        _replace(folder, part)


def read_prepared(folder: Path, what_to_do: str) -> Prepared:
    """Read a set and verify every array of it.

    Args:
        folder: as for `prepare`.
        what_to_do: the end of the message where it is damaged.

    Raises:
        DamagedData: an array is not the one that was written.
    """
    facts = _manifest(folder)
    arrays: dict[str, NDArray[Any]] = {}
    for name, expected in facts["sha256"].items():
        path = folder / name
        found = file_sha256(path) if path.exists() else "no file"
        if found != expected:
            raise DamagedData(
                f"{path} must have SHA-256 {expected}, got {found}; delete {folder} and "
                f"{what_to_do}"
            )
        mode: Any = "r" if name == IMAGES else None
        arrays[name.removesuffix(".npy")] = np.load(path, mmap_mode=mode, allow_pickle=False)
    return Prepared(arrays.pop("images"), arrays, facts)


def tell_broken(broken: Broken, pictures: Sequence[Picture]) -> str:
    """Return how many images cannot be decoded, and which."""
    named = [f"{pictures[index].name} ({broken[index]})" for index in sorted(broken)[:MAX_NAMED]]
    return (
        f"{len(broken)} of {len(pictures)} images cannot be decoded: {listed(named, len(broken))}"
    )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _identity(made_from: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a set is made from."""
    text = json.dumps([EDITION, made_from], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest.

    Raises:
        DamagedData: it is not the JSON that was written.
    """
    path = folder / MANIFEST
    try:
        facts: dict[str, Any] = json.loads(path.read_text())
        facts["sha256"][IMAGES]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedData(f"{path} is damaged ({error}); delete {folder} and try again") from error
    return facts


def _begin(part: Path, identity: str, n_bytes: int) -> None:
    """Make the folder under its hidden name, unless a call with the same identity was stopped."""
    plan = part / PLAN
    if plan.exists() and plan.read_text() == identity:
        return
    shutil.rmtree(part, ignore_errors=True)
    free = shutil.disk_usage(part.parent).free
    if free < n_bytes + SPARE_BYTES:
        raise OSError(
            f"the decoded images take {n_bytes / 2**20:,.0f} MiB in {part.parent}, where "
            f"{free / 2**20:,.0f} MiB are free; make room or choose another --data-dir"
        )
    part.mkdir()
    plan.write_text(identity)


def _take_rows(path: Path, rows: NDArray[np.int64]) -> None:
    """Replace an array on disk by some of its rows."""
    whole = np.load(path, mmap_mode="r")
    aside = path.with_name(f".{path.name}")
    taken = np.lib.format.open_memmap(aside, "w+", whole.dtype, (len(rows), *whole.shape[1:]))
    for first in range(0, len(rows), 1024):
        taken[first : first + 1024] = whole[rows[first : first + 1024]]
    taken.flush()
    aside.replace(path)


def _seal(part: Path, names: Sequence[str], facts: Mapping[str, Any]) -> None:
    """Write the manifest, once the bytes of everything that it names are on the disk."""
    for name in names:
        with (part / name).open("rb") as file:
            os.fsync(file.fileno())
    hashes = {name: file_sha256(part / name) for name in names}
    with (part / MANIFEST).open("w") as file:
        json.dump({**facts, "sha256": hashes}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _replace(folder: Path, part: Path) -> None:
    """Give the finished folder its name, and delete the one that had it."""
    outdated = folder.with_name(f".{folder.name}.outdated")
    shutil.rmtree(outdated, ignore_errors=True)
    if folder.exists():
        folder.rename(outdated)
    part.rename(folder)
    shutil.rmtree(outdated, ignore_errors=True)
