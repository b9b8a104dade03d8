"""Image sets kept as four NumPy files, for data that no loader knows or that came another way.

Layout, `NAME` being the data set's name:

    <data_dir>/NAME/train_images.npy    uint8: (n, height, width, channels), or
    <data_dir>/NAME/test_images.npy     (n, channels, height, width), or (n, height, width) if grey
    <data_dir>/NAME/train_labels.npy    integers from 0, (n,)
    <data_dir>/NAME/test_labels.npy

Channels are 1 or 3. Nobody's checksum covers such files: `RawData.source` says so, and the
content hash differs from that of the publisher's files even where the pixels agree.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_prep.elsewhere import ARRAY_FILES
from data_prep.normalisation import channel_statistics
from data_prep.raw import DamagedData, MissingData, RawData
from scorer.errors import NUMPY_DAMAGE

VALUE_RANGE = 255.0
_CHANNELS = (1, 3)


def load_arrays(
    name: str,
    data_dir: Path,
    *,
    n_classes: int | None = None,
    image_shape: tuple[int, int, int] | None = None,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
) -> RawData:
    """Load an image set from the four files described at the top of this module.

    Args:
        name: of the data set and of its folder in `data_dir`.
        data_dir: the data directory.
        n_classes: None to take one more than the largest label.
        image_shape: required `(channels, height, width)`; None to take any.
        mean: per channel, of `images / 255`; None to compute it on the train images.
        std: likewise.

    Raises:
        MissingData: one of the four files is not there.
        DamagedData: one of them does not have the dtype, shape or values described.
    """
    folder = data_dir / name
    absent = [str(folder / file) for file in ARRAY_FILES if not (folder / file).exists()]
    if absent:
        raise MissingData(
            f"the array layout of data set {name!r} needs {', '.join(ARRAY_FILES)} in {folder}; "
            f"not there: {', '.join(absent)}"
        )
    train_images = _read_images(folder / "train_images.npy", image_shape)
    test_images = _read_images(folder / "test_images.npy", train_images.shape[1:])
    train_labels = read_labels(folder / "train_labels.npy", len(train_images), n_classes)
    test_labels = read_labels(folder / "test_labels.npy", len(test_images), n_classes)
    labels = np.concatenate([train_labels, test_labels])
    if mean is None or std is None:
        everything = np.ones(len(train_images), dtype=bool)
        mean, std = channel_statistics(train_images, everything, VALUE_RANGE)
    try:
        return RawData(
            name=name,
            images=np.concatenate([train_images, test_images]),
            labels=labels,
            n_classes=int(labels.max()) + 1 if n_classes is None else n_classes,
            is_official_test=np.arange(len(labels)) >= len(train_labels),
            mean=mean,
            std=std,
            value_range=VALUE_RANGE,
            source=f"arrays {name}/{{train,test}}_{{images,labels}}.npy, no publisher's checksum",
        )
    except ValueError as error:
        # What the four files hold together, e.g. one class only, or a channel that never varies.
        raise DamagedData(f"the arrays in {folder} do not make a data set: {error}") from error


def read_array(path: Path) -> NDArray[np.generic]:
    """Return the array in a .npy file, never unpickling anything.

    Raises:
        DamagedData: it is not a .npy file with one array of numbers.
    """
    try:
        array: NDArray[np.generic] = np.load(path, allow_pickle=False)
    except NUMPY_DAMAGE as error:
        raise DamagedData(f"{path} must be a .npy file of numbers: {error}") from error
    if not isinstance(array, np.ndarray):
        raise DamagedData(f"{path} must be a .npy file with one array, got an archive of several")
    return array


def _read_images(path: Path, image_shape: tuple[int, ...] | None) -> NDArray[np.uint8]:
    """Return `(n, channels, height, width)` from any of the three axis orders."""
    images = read_array(path)
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or 0 in images.shape:
        raise DamagedData(
            f"{path} must be uint8 with 3 or 4 axes and at least one image, "
            f"got {images.dtype} of shape {images.shape}"
        )
    images = channels_first(images, path)
    if image_shape is not None and images.shape[1:] != image_shape:
        raise DamagedData(
            f"{path} must hold images of (channels, height, width) {image_shape}, "
            f"got {images.shape[1:]}"
        )
    return np.ascontiguousarray(images, dtype=np.uint8)


def channels_first(images: NDArray[np.generic], path: Path) -> NDArray[np.generic]:
    """Return a view `(n, channels, height, width)` of images in any of the three axis orders.

    Args:
        images: of 3 or 4 axes.
        path: of their file, for messages.

    Raises:
        DamagedData: the channels cannot be told.
    """
    if images.ndim == 3:
        return images[:, None]
    second, last = images.shape[1] in _CHANNELS, images.shape[3] in _CHANNELS
    if second == last:
        raise DamagedData(
            f"{path} must have its 1 or 3 channels either second or last, and not be "
            f"readable both ways, got shape {images.shape}"
        )
    return images.transpose(0, 3, 1, 2) if last else images


def read_labels(path: Path, n_images: int, n_classes: int | None) -> NDArray[np.int64]:
    """Return `(n_images,)` int64 labels, at least 0 and below `n_classes` where it is known.

    Raises:
        DamagedData: the file does not hold these.
    """
    labels = read_array(path)
    if labels.shape != (n_images,) or not np.issubdtype(labels.dtype, np.integer):
        raise DamagedData(
            f"{path} must hold one integer an image, shape ({n_images},), "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    converted = labels.astype(np.int64)
    top = np.inf if n_classes is None else n_classes
    if converted.min() < 0 or converted.max() >= top:
        raise DamagedData(
            f"{path} must hold labels in [0, {top}), got {converted.min()} to {converted.max()}"
        )
    return converted
