"""Which images a folder holds, and of what: a folder a class, as torchvision's ImageFolder has it.

    <folder>/CLASS/...image              or, where some are to be the test set,
    <folder>/train/CLASS/...image        and <folder>/test/CLASS/...image

Classes are numbered in alphabetical order. Folders in a class are looked through; hidden files and
folders are not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_prep.pictures import FilePicture, is_picture
from scorer.errors import UsageError

TRAIN, TEST = "train", "test"
_PARTS = {TRAIN, TEST, "val", "valid", "validation", "dev", "eval"}
"""Folders that hold class folders rather than a class."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """The images of a folder, by part, class and path.

    Attributes:
        pictures: the files.
        labels: `(n,)` int64, places in `classes`.
        is_official_test: `(n,)` bool; all False without a folder `test`.
        classes: names, at least two.
        n_ignored: files in the classes that are no images by their names.
    """

    pictures: list[FilePicture]
    labels: NDArray[np.int64]
    is_official_test: NDArray[np.bool_]
    classes: list[str]
    n_ignored: int


def find_labelled(folder: Path) -> Labelled:
    """Return the images of a folder.

    Raises:
        UsageError: they are not laid out as above.
    """
    parts = _parts(folder)
    classes = sorted({each.name for part in parts for each in _subfolders(part)})
    if len(classes) < 2:
        found = f"one, {classes[0]!r}" if classes else "none"
        loose = sum(is_picture(each.name) for each in folder.iterdir())
        lies = f", and {loose} image(s) that lie in no class" if loose else ""
        raise UsageError(
            f"{folder} must have a folder for each of two or more classes, got {found}{lies}; "
            "move the images into folders of their class, or keep images.npy and labels.npy there"
        )
    pictures: list[FilePicture] = []
    labels: list[int] = []
    n_train, n_ignored = 0, 0
    for part in parts:
        for label, name in enumerate(classes):
            files = sorted(_files(part / name))
            images = [path for path in files if is_picture(path)]
            n_ignored += len(files) - len(images)
            if not images and part is parts[0]:
                raise UsageError(
                    f"{part / name} must hold images of its class, got {len(files)} file(s) and no "
                    "image; delete the folder or fill it"
                )
            pictures += map(FilePicture, images)
            labels += [label] * len(images)
        n_train = n_train or len(pictures)
    return Labelled(
        pictures,
        np.array(labels, dtype=np.int64),
        np.arange(len(pictures)) >= n_train,
        classes,
        n_ignored,
    )


def class_with_images(folder: Path) -> Path | None:
    """Return a folder in a folder that has images in it, None where there is none."""
    below = (each for each in _subfolders(folder) if any(is_picture(it) for it in _files(each)))
    return next(below, None)


def _parts(folder: Path) -> list[Path]:
    """Return the folders whose subfolders are classes: train first, and the test set if any."""
    below = _subfolders(folder)
    nested = [each for each in below if each.name.lower() in _PARTS and _subfolders(each)]
    if not nested:
        return [folder]
    names = sorted(each.name for each in below)
    if names != [TEST, TRAIN]:
        raise UsageError(
            f"{folder} must have class folders, or the folders {TRAIN} and {TEST} with class "
            f"folders in both, got {', '.join(names)}; put together what is not the test set"
        )
    train, test = folder / TRAIN, folder / TEST
    unknown = sorted(
        {each.name for each in _subfolders(test)} - {each.name for each in _subfolders(train)}
    )
    if unknown:
        raise UsageError(f"{test} must have no class that {train} has not, got {unknown[0]!r}")
    return [train, test]


def _subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, without hidden ones."""
    return sorted(
        each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(".")
    )


def _files(folder: Path) -> Iterator[str]:
    """Yield the files in a folder and below, without hidden ones."""
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(top, name) for name in names if not name.startswith("."))  # noqa: PTH118
