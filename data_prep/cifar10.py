"""CIFAR-10: 50,000 train and 10,000 test colour images, 32 x 32, 10 classes.

With it comes the forget set of the NeurIPS 2023 unlearning competition's starting kit.

Reference: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
"""

from __future__ import annotations

import hashlib
import os
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.arrays import load_arrays
from data_prep.elsewhere import has_arrays
from data_prep.raw import DamagedData, MissingData, RawData, damaged_data, missing_data
from scorer.errors import NUMPY_DAMAGE

FOLDER = "cifar-10-batches-py"
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)

ARCHIVE_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
"""As torchvision has it; of the same name in the data directory it is unpacked, not fetched."""

FORGET_FILE = "forget_idx.npy"
FORGET_URL = "https://storage.googleapis.com/unlearning-challenge/forget_idx.npy"
FORGET_SHA256 = "319c9bfa9d9775c34ba2f08dc6c9e30ca92f1ba24f2a0a2a6ea99e07de6d9f82"
"""Of the 5,000 indices in the file's order as little-endian int64, whatever .npy header is used."""
N_FORGET = 5_000
N_TRAIN = 50_000


def load(data_dir: Path) -> RawData:
    """Return CIFAR-10 from torchvision's files, or from arrays where there are none.

    Args:
        data_dir: the folder that holds `cifar-10-batches-py/` or `cifar10/` (see
            `data_prep.arrays` for the latter).

    Raises:
        MissingData: neither is there.
        DamagedData: torchvision's checksums do not hold, or an array is not as described.
    """
    folder = data_dir / FOLDER
    if not folder.exists():
        if not has_arrays("cifar10", data_dir):
            raise missing_data("cifar10", folder, data_dir, by_hand(data_dir))
        return load_arrays(
            "cifar10", data_dir, n_classes=10, image_shape=(3, 32, 32), mean=MEAN, std=STD
        )
    try:
        parts = [_open(data_dir, is_train, download=False) for is_train in (True, False)]
    except RuntimeError as error:
        why = f"torchvision's checksums of its files do not all hold ({error})"
        raise damaged_data("cifar10", folder, data_dir, why) from error
    images = np.concatenate([part.data for part in parts]).transpose(0, 3, 1, 2)
    labels = np.concatenate([np.asarray(part.targets, dtype=np.int64) for part in parts])
    return RawData(
        name="cifar10",
        images=np.ascontiguousarray(images),
        labels=labels,
        n_classes=10,
        is_official_test=np.arange(len(labels)) >= len(parts[0].data),
        mean=MEAN,
        std=STD,
        value_range=255.0,
        source="torchvision CIFAR10, files verified by MD5",
    )


def by_hand(data_dir: Path) -> str:
    """Return how to get the data set without a network."""
    return (
        f"fetch {ARCHIVE_URL} and {FORGET_URL} on another machine, put both files into {data_dir},"
        " and run the same command, which then verifies and unpacks them"
    )


def download(data_dir: Path) -> None:
    """Fetch CIFAR-10 and the starting kit's forget set, whichever is not there yet.

    Args:
        data_dir: created where needed.

    Raises:
        DamagedData: what came for the forget set is not the published file.
    """
    _open(data_dir, is_train=True, download=True)
    download_forget_indices(data_dir)


def extras(data_dir: Path) -> dict[str, str]:
    """Return what else of this data set is in the data directory, for a report.

    Raises:
        DamagedData: the forget set is there and is not the published one.
    """
    try:
        indices = starting_kit_forget_indices(data_dir)
    except MissingData:
        return {"starting_kit_forget_indices": "absent"}
    return {"starting_kit_forget_indices": f"{len(indices)}, verified"}


def starting_kit_forget_indices(data_dir: Path) -> NDArray[np.int64]:
    """Return the starting kit's forget set of CIFAR-10.

    Args:
        data_dir: the folder that holds `forget_idx.npy`.

    Returns:
        `(5000,)` int64 indices into the train images, all different, 500 a class.

    Raises:
        MissingData: the file is not there.
        DamagedData: the file is not the published one.
    """
    path = Path(data_dir) / FORGET_FILE
    if not path.exists():
        raise missing_data("cifar10", path, Path(data_dir), by_hand(Path(data_dir)))
    try:
        return _read_forget_indices(path)
    except DamagedData as error:
        raise damaged_data("cifar10", path, Path(data_dir), str(error)) from error


def download_forget_indices(data_dir: Path) -> None:
    """Fetch the starting kit's forget set, unless a good copy is there.

    The file gets its name only after verification, so an interrupted or wrong download leaves
    nothing that a later run could take for the forget set.

    Args:
        data_dir: created where needed.

    Raises:
        DamagedData: what came is not the published file.
        OSError: no connection, or the directory cannot be written.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / FORGET_FILE
    if path.exists():
        try:
            _read_forget_indices(path)
            return
        except DamagedData:
            pass  # replaced below
    temporary = data_dir / f".{FORGET_FILE}.{os.getpid()}.part"
    try:
        with (
            temporary.open("wb") as file,
            urllib.request.urlopen(FORGET_URL, timeout=60) as response,
        ):
            file.write(response.read())
            file.flush()
            os.fsync(file.fileno())
        try:
            _read_forget_indices(temporary)
        except DamagedData as error:
            raise DamagedData(
                f"{FORGET_URL} did not return the starting kit's forget set: {error}; "
                "check the connection (a proxy or a log-in page may have answered) and try again"
            ) from error
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read_forget_indices(path: Path) -> NDArray[np.int64]:
    """Return the verified indices, or raise DamagedData with requirement and finding."""
    try:
        indices = np.load(path, allow_pickle=False)
    except NUMPY_DAMAGE as error:
        raise DamagedData(f"it must be a .npy file of integers ({error})") from error
    if indices.shape != (N_FORGET,) or not np.issubdtype(indices.dtype, np.integer):
        raise DamagedData(
            f"it must hold integers of shape ({N_FORGET},), "
            f"got {indices.dtype} of shape {indices.shape}"
        )
    if indices.min() < 0 or indices.max() >= N_TRAIN:
        raise DamagedData(
            f"indices must be in [0, {N_TRAIN}), got {indices.min()} to {indices.max()}"
        )
    n_different = len(np.unique(indices))
    if n_different != N_FORGET:
        raise DamagedData(f"indices must all differ, got {n_different} different ones")
    found = hashlib.sha256(indices.astype("<i8").tobytes()).hexdigest()
    if found != FORGET_SHA256:
        raise DamagedData(f"indices must have SHA-256 {FORGET_SHA256}, got {found}")
    return np.asarray(indices, dtype=np.int64)


def _open(data_dir: Path, is_train: bool, download: bool) -> Any:
    """Return torchvision's data set object, importing torchvision only now."""
    from torchvision.datasets import CIFAR10

    return CIFAR10(str(data_dir), train=is_train, download=download)
