"""What lies where a data set was looked for and is not, and what to name instead."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

ARRAY_FILES = ("train_images.npy", "train_labels.npy", "test_images.npy", "test_labels.npy")
"""Of the layout of `data_prep.arrays`, in a folder of the data set's name."""

MOST_NAMED = 6
DEEPEST = 2
"""Folders below the one that was named in which the data set is looked for."""

OTHER_LAYOUTS = {
    ".parquet": "Parquet files, as hubs keep data sets",
    ".csv": "tables of pixels or of file names (CSV), as on Kaggle",
    ".arff": "tables of pixels (ARFF), as on OpenML",
    ".mat": "MATLAB's files",
    ".tfrecord": "records of TensorFlow",
    ".bin": "the publisher's files for programs in C",
    ".png": "images one by one",
    ".jpg": "images one by one",
    ".jpeg": "images one by one",
}
"""What files with an ending are that no loader of this kit reads as a data set of the publisher."""


def has_arrays(name: str, data_dir: Path) -> bool:
    """Return whether at least one of the four files of that layout is there."""
    return any((data_dir / name / file_name).exists() for file_name in ARRAY_FILES)


def told_missing(name: str, expected: Path, data_dir: Path, to_do: str) -> str:
    """Return the message for a data set that is not where it was looked for.

    Args:
        name: of the data set.
        expected: the path that is not there, in `data_dir`.
        data_dir: the data directory that was named.
        to_do: how to get it, said where it does not lie nearby.
    """
    relative, place = expected.relative_to(data_dir), data_dir.resolve()
    said = f"data set {name!r} is not in {data_dir}"
    better = _above(name, relative, place) or _below(name, relative, place)
    if better is not None:
        option = f"--data-dir {shlex.quote(str(better))}"
        return f"{said}, but in {better}: name that folder ({option}, or DATA_DIR)"
    return f"{said}: {expected} does not exist; {_what_is_there(name, data_dir)}.\n{to_do}"


def _what_is_there(name: str, data_dir: Path) -> str:
    """Return what a folder holds, and what that may be."""
    if not data_dir.is_dir():
        return f"{data_dir} is not there"
    names = sorted(each.name for each in _visible(data_dir))
    if not names:
        return f"{data_dir} is empty"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    said = f"found there: {', '.join(names[:MOST_NAMED])}{more}"
    return f"{said}{_other_layout(name, data_dir)}"


def _above(name: str, relative: Path, data_dir: Path) -> Path | None:
    """Return the folder to name where a part of the data set itself was named."""
    parts = relative.parts
    for depth in range(1, len(parts)):
        if data_dir.parts[-depth:] == parts[:depth] and (data_dir / Path(*parts[depth:])).exists():
            return data_dir.parents[depth - 1]
    is_folder = len(parts) == 1 and not relative.suffix and data_dir.name == parts[0]
    stands_in = data_dir.name == name and _has_arrays(name, relative, data_dir.parent)
    return data_dir.parent if is_folder or stands_in else None


def _below(name: str, relative: Path, data_dir: Path) -> Path | None:
    """Return the folder to name where the data set lies deeper than in the one that was named."""
    for depth in range(1, DEEPEST + 1):
        for folder in sorted(data_dir.glob("*/" * depth)):
            if not os.access(folder, os.R_OK | os.X_OK):
                continue
            if (folder / relative).exists() or _has_arrays(name, relative, folder):
                return folder
    return None


def _has_arrays(name: str, relative: Path, data_dir: Path) -> bool:
    """Tell whether arrays stand in for a data set; for a single file beside it none do."""
    return not relative.suffix and has_arrays(name, data_dir)


def _other_layout(name: str, data_dir: Path) -> str:
    """Return what the files are by their names, and the layouts that are read instead."""
    kinds: dict[str, Path] = {}
    for depth in range(DEEPEST + 1):
        for path in sorted(data_dir.glob("*/" * depth + "*.*")):
            kinds.setdefault(path.suffix.lower(), path)
    for ending, about in OTHER_LAYOUTS.items():
        if ending in kinds:
            return (
                f"; {kinds[ending].relative_to(data_dir)} and the like are {about}, which are not"
                f" read: fetch the publisher's files, or keep the images as four arrays in"
                f" {data_dir / name} (layout: data_prep/arrays.py)"
            )
    return ""


def _visible(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder and not hidden."""
    yield from (each for each in folder.iterdir() if not each.name.startswith("."))
