"""A labelled image data set in memory, validated, with a hash of everything that matters in it."""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_prep.elsewhere import told_missing


class MissingData(FileNotFoundError):
    """A file that the data set needs is not there."""


class DamagedData(RuntimeError):
    """A file is there, but its content is not what it must be."""


def download_command(name: str, data_dir: Path) -> str:
    """Return the shell command that fetches a data set."""
    return f"python -m data_prep download {name} --data-dir {shlex.quote(str(data_dir))}"


def missing_data(name: str, path: Path, data_dir: Path, by_hand: str) -> MissingData:
    """Return the error for a data set that has not been downloaded.

    Args:
        name: of the data set.
        path: that was looked at and is not there.
        data_dir: the data directory that was searched.
        by_hand: how to fetch it where there is no network.
    """
    to_do = f"Run `{download_command(name, data_dir)}`.\nWithout a network: {by_hand}"
    return MissingData(told_missing(name, path, data_dir, to_do))


def damaged_data(name: str, path: Path, data_dir: Path, why: str) -> DamagedData:
    """Return the error for a downloaded file that fails its verification.

    Args:
        name: of the data set.
        path: of the file or folder at fault.
        data_dir: the data directory that was searched.
        why: requirement and what was found instead.
    """
    return DamagedData(
        f"data set {name!r}: {path} is damaged: {why}; "
        f"delete it and run `{download_command(name, data_dir)}`"
    )


_PER_IMAGE = {"labels": np.int64, "is_official_test": np.bool_, "subjects": np.int64}
"""Fields of `RawData` besides the images that have one value for each image."""


@dataclass(frozen=True, eq=False)
class RawData:
    """Every image of a data set in its published order, official test images last if any.

    The arrays are kept as read-only views, so the content hash of an instance never goes stale
    through it. Indices everywhere in `data_prep` count along the first axis of `images`.

    Attributes:
        name: of the data set.
        images: `(n, channels, height, width)` uint8 or float32, in [0, `value_range`].
        labels: `(n,)` int64 in [0, `n_classes`).
        n_classes: at least 2.
        is_official_test: `(n,)` bool; all False where the publisher names no test set.
        mean: per channel, of `images / value_range`.
        std: per channel, of `images / value_range`, positive.
        value_range: the largest value a pixel can take, e.g. 16.0 or 255.0.
        source: where the bytes came from, without any path of this machine.
        subjects: `(n,)` int64, whom each image is of; None where nobody knows.

    Raises:
        ValueError: a field does not meet the above.
    """

    name: str
    images: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]
    n_classes: int
    is_official_test: NDArray[np.bool_]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    value_range: float
    source: str
    subjects: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for text in ("name", "source"):
            if not getattr(self, text):
                raise ValueError(f"`{text}` of RawData must be a non-empty string")
        _check_images(self.images, self.value_range)
        n, channels = self.images.shape[:2]
        for field, dtype in _PER_IMAGE.items():
            array = getattr(self, field)
            if array is None and field == "subjects":
                continue
            if array.shape != (n,) or array.dtype != dtype:
                raise ValueError(
                    f"`{field}` of {self.name!r} must be {np.dtype(dtype)} of shape ({n},), "
                    f"got {array.dtype} of shape {array.shape}"
                )
        if self.n_classes < 2:
            raise ValueError(f"`n_classes` must be at least 2, got {self.n_classes}")
        if self.labels.min() < 0 or self.labels.max() >= self.n_classes:
            raise ValueError(
                f"`labels` of {self.name!r} must be in [0, {self.n_classes}), "
                f"got {self.labels.min()} to {self.labels.max()}"
            )
        for field in ("mean", "std"):
            values = getattr(self, field)
            if len(values) != channels or not np.isfinite(values).all():
                raise ValueError(
                    f"`{field}` of {self.name!r} must be {channels} finite numbers, one a channel, "
                    f"got {values}"
                )
        if min(self.std) <= 0:
            raise ValueError(f"`std` of {self.name!r} must be positive, got {self.std}")
        for field in ("images", *_PER_IMAGE):
            if getattr(self, field) is None:
                continue
            view = getattr(self, field).view()
            view.flags.writeable = False
            object.__setattr__(self, field, view)

    @property
    def has_official_test(self) -> bool:
        """Whether the publisher names a test set."""
        return bool(self.is_official_test.any())

    def content_sha256(self) -> str:
        """Return the SHA-256 (hex) of everything that a task takes from this data set.

        Pixels, labels, their dtype and shape, the official test set, subjects, number of classes,
        normalisation and `source` all count. `source` does, because data whose publisher's
        checksums were verified and arrays that somebody put in a folder must never pass for
        one another.
        """
        rest = {
            "n_classes": self.n_classes,
            "mean": [float(value) for value in self.mean],
            "std": [float(value) for value in self.std],
            "value_range": float(self.value_range),
            "source": self.source,
        }
        digest = hashlib.sha256(arrays_sha256(self.images, self.labels).encode())
        digest.update(self.is_official_test.tobytes())
        digest.update(json.dumps(rest, sort_keys=True).encode())
        if self.subjects is not None:
            digest.update(self.subjects.astype("<i8").tobytes())
        return digest.hexdigest()

    def normalised(self, indices: ArrayLike) -> NDArray[np.float32]:
        """Return `(images / value_range - mean) / std` of the chosen images.

        Args:
            indices: `(k,)` integers in [0, n), in any order, repeats allowed.

        Returns:
            `(k, channels, height, width)` float32, a new writeable array.

        Raises:
            ValueError: `indices` is not a vector of integers in range.
        """
        chosen = np.asarray(indices)
        if chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
            raise ValueError(
                f"`indices` must be a vector of integers, got {chosen.dtype} of shape "
                f"{chosen.shape}; turn a mask into indices by np.flatnonzero"
            )
        n = len(self.images)
        if chosen.size and (chosen.min() < 0 or chosen.max() >= n):
            raise ValueError(f"`indices` must be in [0, {n}), got {chosen.min()} to {chosen.max()}")
        # In place: at 50,000 colour images every temporary would cost 600 MB.
        out: NDArray[np.float32] = self.images[chosen].astype(np.float32)
        out /= np.float32(self.value_range)
        out -= np.asarray(self.mean, np.float32)[:, None, None]
        out /= np.asarray(self.std, np.float32)[:, None, None]
        return out


def arrays_sha256(images: NDArray[np.generic], labels: NDArray[np.int64]) -> str:
    """Return the SHA-256 (hex) of pixels and labels with their dtypes and shapes.

    Args:
        images: `(n, channels, height, width)`.
        labels: `(n,)` int64.
    """
    digest = hashlib.sha256()
    for array in (images, labels):
        # Little-endian whatever the machine, or the constants would hold on some only.
        fixed = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{fixed.dtype.str}{fixed.shape}".encode())
        digest.update(fixed.data)
    return digest.hexdigest()


def _check_images(images: NDArray[np.generic], value_range: float) -> None:
    """Raise ValueError unless pixels have a known dtype, four axes and values in range."""
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            "`images` must have shape (n, channels, height, width) with no axis empty, "
            f"got {images.shape}"
        )
    if images.dtype not in (np.uint8, np.float32):
        raise ValueError(f"`images` must be uint8 or float32, got {images.dtype}")
    if not (np.isfinite(value_range) and value_range > 0):
        raise ValueError(f"`value_range` must be positive and finite, got {value_range}")
    low, high = float(np.min(images)), float(np.max(images))
    # Written so that NaN, which compares false with everything, fails too.
    if not (low >= 0 and high <= value_range):
        raise ValueError(f"`images` must be in [0, {value_range}], got {low} to {high}")
