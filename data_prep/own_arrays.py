"""Somebody's images as NumPy files.

<folder>/images.npy     (n, height, width), (n, height, width, channels) or (n, channels, height,
                        width); whole numbers from 0 to 255, or fractions up to 1 or 255
<folder>/labels.npy     (n,) whole numbers from 0, without gaps
<folder>/subjects.npy   (n,) whole numbers: whom each image is of; may be left out
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_prep.arrays import channels_first, read_array, read_labels
from data_prep.normalisation import CHUNK, channel_statistics
from data_prep.raw import DamagedData, RawData
from data_prep.sets import MAX_NAMED, listed
from scorer.errors import UsageError

IMAGES, LABELS, SUBJECTS = "images.npy", "labels.npy", "subjects.npy"
RANGES = (1.0, 255.0)
"""Largest values that fractions may have."""


def load_own_arrays(folder: Path, name: str) -> RawData:
    """Return the images of a folder; there is no official test set.

    Args:
        folder: that holds the files above.
        name: of the data set.

    Raises:
        UsageError: a file is missing, or they do not fit together.
        DamagedData: one does not hold what it must.
    """
    if not (folder / LABELS).exists():
        raise UsageError(f"{folder} must have {LABELS} beside {IMAGES}, and has not")
    images, value_range = _images(folder / IMAGES)
    labels = read_labels(folder / LABELS, len(images), None)
    classes = np.unique(labels)
    n_classes = int(classes[-1]) + 1
    if len(classes) != n_classes or n_classes < 2:
        raise UsageError(
            f"{folder / LABELS} must number two or more classes from 0 without gaps, got "
            f"{listed([str(label) for label in classes[:MAX_NAMED]], len(classes))}; number them "
            "anew by np.unique(labels, return_inverse=True)[1]"
        )
    n = len(images)
    mean, std = channel_statistics(images, np.ones(n, bool), value_range)
    if min(std) <= 0:
        raise UsageError(f"{folder / IMAGES} must vary in every channel, got one that never does")
    return RawData(
        name=name,
        images=images,
        labels=labels,
        n_classes=n_classes,
        is_official_test=np.zeros(n, dtype=bool),
        mean=mean,
        std=std,
        value_range=value_range,
        source="own images: arrays",
        subjects=_subjects(folder / SUBJECTS, n),
    )


def _images(path: Path) -> tuple[NDArray[np.uint8] | NDArray[np.float32], float]:
    """Return `(n, channels, height, width)` and the largest value that pixels may have."""
    images = read_array(path)
    if images.ndim not in (3, 4) or 0 in images.shape:
        raise DamagedData(
            f"{path} must have 3 or 4 axes and at least one image, got shape {images.shape}"
        )
    is_whole = np.issubdtype(images.dtype, np.integer)
    if not (is_whole or np.issubdtype(images.dtype, np.floating)):
        raise DamagedData(f"{path} must hold numbers, got {images.dtype}")
    images = channels_first(images, path)
    if not is_whole:
        _check_finite(images, path)
    low, high = float(images.min()), float(images.max())
    top = next((top for top in RANGES if high <= top), None)
    if low < 0 or top is None:
        raise DamagedData(
            f"{path} must hold pixels from 0 to 1 or to 255, got {low:g} to {high:g}; keep them as "
            "they were before they were normalised"
        )
    if is_whole:
        return np.ascontiguousarray(images, dtype=np.uint8), RANGES[-1]
    return np.ascontiguousarray(images, dtype=np.float32), top


def _check_finite(images: NDArray[np.generic], path: Path) -> None:
    """Raise DamagedData where an image has a pixel that is no number."""
    chunks = (images[first : first + CHUNK] for first in range(0, len(images), CHUNK))
    finite = np.concatenate([np.isfinite(chunk).all(axis=(1, 2, 3)) for chunk in chunks])
    bad = np.flatnonzero(~finite)
    if bad.size:
        raise DamagedData(
            f"{path} must hold finite pixels, got NaN or infinity in {bad.size} of {len(images)} "
            f"images: {listed([str(index) for index in bad[:MAX_NAMED]], bad.size)}"
        )


def _subjects(path: Path, n_images: int) -> NDArray[np.int64] | None:
    """Return `(n_images,)`, None where there is no file."""
    if not path.exists():
        return None
    subjects = read_array(path)
    if subjects.shape != (n_images,) or not np.issubdtype(subjects.dtype, np.integer):
        raise DamagedData(
            f"{path} must hold one whole number an image, shape ({n_images},), got "
            f"{subjects.dtype} of shape {subjects.shape}"
        )
    return subjects.astype(np.int64)
