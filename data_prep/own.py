"""Somebody's own images: a folder anywhere, as class folders or as NumPy files.

Class folders are decoded once into the data directory and looked up there as long as no file of
theirs changes; see `data_prep.own_layout` and `data_prep.own_arrays` for what a folder may hold. A
`task.toml` in it says what images cannot say; of that, `size` and `colour` are read here.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from data_prep.decoding import Progress
from data_prep.own_arrays import IMAGES, load_own_arrays
from data_prep.own_layout import Labelled, class_with_images, find_labelled
from data_prep.pictures import BrokenImage, Shape, pictures_sha256, size_and_mode
from data_prep.prepared import VALUE_RANGE, BrokenImages, Prepared, prepare, read_prepared
from data_prep.raw import DamagedData, RawData
from scorer.errors import UsageError

SETTINGS = "task.toml"
NAME = "own images"
"""Of the data set, whatever its folder is called: to rename that changes no split."""

LARGEST_SIDE = 64
"""Images are made so large where nothing else is said, unless they are smaller."""

SIDES = range(4, 513)
N_SAMPLED = 500
"""Images whose size is looked at beforehand."""

LARGEST_GREY = 32
"""Side up to which grey images stay grey: networks for larger ones take three channels."""

_GREY = {"1", "L", "LA"}


@dataclass(frozen=True)
class Facts:
    """What a quick look at a folder tells.

    Attributes:
        n_examples: images.
        n_official_test: of these, those in a folder `test`.
        classes: their names, or numbers.
        shape: channels, height and width that images will have.
        n_subjects: different subjects, None where nobody knows.
        is_decoded: whether size and colour are to choose, as they are not for arrays.
        said: what a user should know of how images become arrays, a line each.
    """

    n_examples: int
    n_official_test: int
    classes: list[str]
    shape: Shape
    n_subjects: int | None
    is_decoded: bool
    said: list[str]


def is_folder(name: str) -> bool:
    """Tell whether a name is the path of a folder."""
    return bool(name) and Path(name).expanduser().is_dir()


def describe_folder(folder: Path) -> Facts:
    """Return what a quick look at a folder tells; nothing is decoded.

    Raises:
        UsageError: it does not hold images in a known layout.
        DamagedData: no image can be read, or an array is not what it must be.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} must be a folder of images; there is none")
    if (folder / IMAGES).exists():
        raw = _load_arrays(folder)
        n, *shape_ = raw.images.shape
        n_subjects = None if raw.subjects is None else len(np.unique(raw.subjects))
        classes = [str(label) for label in range(raw.n_classes)]
        return Facts(n, 0, classes, (shape_[0], shape_[1], shape_[2]), n_subjects, False, [])
    labelled = find_labelled(folder)
    shape, said = _shape(folder, labelled)
    n_test = int(labelled.is_official_test.sum())
    return Facts(len(labelled.pictures), n_test, labelled.classes, shape, None, True, said)


def load_folder(
    folder: Path, data_dir: Path, progress: Progress, *, skip_broken: bool = False
) -> RawData:
    """Return the images of a folder, decoding them first where that is not done.

    Args:
        folder: the images.
        data_dir: where decoded images are kept.
        progress: called with ("images", done, total).
        skip_broken: leave out images that cannot be decoded.

    Raises:
        UsageError: the folder does not hold images in a known layout.
        DamagedData: images cannot be decoded, or an array is not what it must be.
        OSError: the disk has too little room.
    """
    folder = folder.expanduser().resolve()
    if (folder / IMAGES).exists():
        return _load_arrays(folder)
    labelled = find_labelled(folder)
    shape, _ = _shape(folder, labelled)
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    kept = data_dir / "own" / f"{folder.name}-{digest}"
    try:
        prepare(
            kept,
            labelled.pictures,
            shape,
            {"labels": labelled.labels, "is_official_test": labelled.is_official_test},
            {
                "pictures": pictures_sha256(labelled.pictures),
                "labels": hashlib.sha256(labelled.labels.tobytes()).hexdigest(),
                "n_official_test": int(labelled.is_official_test.sum()),
                "shape": shape,
            },
            {"classes": labelled.classes},
            progress,
            skip_broken=skip_broken,
        )
    except BrokenImages as error:
        raise BrokenImages(
            f"{error}; mend or delete them, or leave them out by `python -m data_prep import "
            f"{folder} --skip-broken`"
        ) from error
    return _as_raw(read_prepared(kept, "call again"), shape, folder)


def read_settings(folder: Path) -> dict[str, Any]:
    """Return what `task.toml` says, nothing where there is none.

    Raises:
        UsageError: it is not TOML, or `size` or `colour` is not what it must be.
    """
    path = folder / SETTINGS
    if not path.exists():
        return {}
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} must be TOML: {error}") from error
    size, colour = settings.get("size", SIDES[0]), settings.get("colour", True)
    if type(size) is not int or size not in SIDES:
        raise UsageError(
            f"size in {path} must be pixels from {SIDES[0]} to {SIDES[-1]}, got {size!r}"
        )
    if type(colour) is not bool:
        raise UsageError(f"colour in {path} must be true or false, got {colour!r}")
    return settings


def _load_arrays(folder: Path) -> RawData:
    """Return the arrays of a folder, whose images stay as they are."""
    settings = read_settings(folder)
    for name in ("size", "colour"):
        if name in settings:
            raise UsageError(
                f"{folder / SETTINGS} must not name {name}, since {IMAGES} stays as it is; take "
                "the line out, or resize the images yourself"
            )
    other = class_with_images(folder)
    if other is not None:
        raise UsageError(
            f"{folder} must hold {IMAGES} or class folders, got both, such as {other.name}; move "
            "one of them"
        )
    return load_own_arrays(folder, NAME)


def _shape(folder: Path, labelled: Labelled) -> tuple[Shape, list[str]]:
    """Return the shape that images get, and what to say about it.

    Raises:
        DamagedData: no image can be read.
    """
    settings = read_settings(folder)
    n = len(labelled.pictures)
    sizes: list[tuple[int, int]] = []
    modes: set[str] = set()
    reason = ""
    for index in np.linspace(0, n - 1, min(N_SAMPLED, n), dtype=int):
        try:
            width, height, mode = size_and_mode(labelled.pictures[index])
        except (BrokenImage, OSError) as error:
            reason = reason or f"{labelled.pictures[index].name} ({error})"
            continue
        sizes.append((width, height))
        modes.add(mode)
    if not sizes:
        raise DamagedData(f"{folder} must hold images, but none of its files is one: {reason}")
    side = settings.get("size", min(LARGEST_SIDE, int(median(map(min, sizes)))))
    if side not in SIDES:
        raise DamagedData(f"{folder} must hold images of {SIDES[0]} pixels and more, got {side}")
    colour = settings.get("colour", side > LARGEST_GREY or not modes <= _GREY)
    other = Counter(size for size in sizes if size != (side, side))
    said = []
    if other:
        (width, height), _ = other.most_common(1)[0]
        said.append(
            f"{other.total()} of {len(sizes)} images looked at are not {side} x {side} but "
            f"{width} x {height} or others ({len(other)} sizes): their central square is resized"
        )
    if labelled.n_ignored:
        said.append(f"{labelled.n_ignored} files are no images by their names: not looked at")
    return (3 if colour else 1, side, side), said


def _as_raw(prepared: Prepared, shape: Shape, folder: Path) -> RawData:
    """Return the data set that was decoded.

    Raises:
        UsageError: without the images that were left out it is none.
    """
    labels, is_test = prepared.arrays["labels"], prepared.arrays["is_official_test"]
    empty = np.setdiff1d(np.arange(len(prepared.facts["classes"])), labels[~is_test])
    if empty.size:
        raise UsageError(
            f"{folder / prepared.facts['classes'][empty[0]]} must have an image that can be decoded"
        )
    skipped = len(prepared.facts["skipped"])
    left_out = f", {skipped} left out that cannot be decoded" if skipped else ""
    try:
        return RawData(
            name=NAME,
            images=prepared.images,
            labels=labels,
            n_classes=len(prepared.facts["classes"]),
            is_official_test=is_test,
            mean=tuple(prepared.facts["mean"]),
            std=tuple(prepared.facts["std"]),
            value_range=VALUE_RANGE,
            source=f"own images: class folders, decoded to {shape[1]} x {shape[2]}{left_out}",
        )
    except ValueError as error:
        raise UsageError(f"the images in {folder} do not make a data set: {error}") from error
