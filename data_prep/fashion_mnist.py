"""Fashion-MNIST: 60,000 train and 10,000 test images of clothing, 28 x 28, grey, 10 classes.

Reference: H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for
Benchmarking Machine Learning Algorithms, 2017, arXiv 1708.07747.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from data_prep.arrays import load_arrays
from data_prep.elsewhere import has_arrays
from data_prep.raw import RawData, arrays_sha256, damaged_data, missing_data

FOLDER = "FashionMNIST"
ARRAYS_SHA256 = "6ba3a9b107a4185b23e5825bb5d5326e40a5e945a520b22e0bc0849360d67265"
"""Of pixels and labels, train then test, in the files whose checksums torchvision lists.

torchvision checks those while downloading only, and they cover the archives, not the unpacked
files that it reads afterwards; this constant is checked on every load.
"""
FILES = tuple(
    f"{part}-{kind}"
    for part in ("train", "t10k")
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
)
ARCHIVES_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
"""Where the publisher keeps `FILES`, each with ".gz" behind, as torchvision has it."""

MEAN = (0.2860,)
STD = (0.3530,)


def load(data_dir: Path) -> RawData:
    """Return Fashion-MNIST from torchvision's files, or from arrays where there are none.

    Args:
        data_dir: the folder that holds `FashionMNIST/` or `fashion_mnist/` (see
            `data_prep.arrays` for the latter).

    Raises:
        MissingData: neither is there, or torchvision's archives are not unpacked.
        DamagedData: the files' content is not the published one.
    """
    folder = data_dir / FOLDER
    if not folder.exists() and has_arrays("fashion_mnist", data_dir):
        return load_arrays(
            "fashion_mnist",
            data_dir,
            n_classes=10,
            image_shape=(1, 28, 28),
            mean=MEAN,
            std=STD,
        )
    for file in FILES:
        path = folder / "raw" / file
        if not path.exists():
            raise missing_data("fashion_mnist", path, data_dir, by_hand(data_dir))
    images, labels = [], []
    try:
        for is_train in (True, False):
            dataset = _open(data_dir, is_train, download=False)
            images.append(dataset.data.numpy()[:, None])
            labels.append(dataset.targets.numpy())
    except (AssertionError, IndexError, RuntimeError, ValueError) as error:
        why = f"torchvision cannot read it ({error})"
        raise damaged_data("fashion_mnist", folder, data_dir, why) from error
    all_images = np.concatenate(images)
    all_labels = np.concatenate(labels).astype(np.int64)
    found = arrays_sha256(all_images, all_labels)
    if found != ARRAYS_SHA256:
        why = f"pixels and labels must have SHA-256 {ARRAYS_SHA256}, got {found}"
        raise damaged_data("fashion_mnist", folder, data_dir, why)
    return RawData(
        name="fashion_mnist",
        images=all_images,
        labels=all_labels,
        n_classes=10,
        is_official_test=np.arange(len(all_labels)) >= len(labels[0]),
        mean=MEAN,
        std=STD,
        value_range=255.0,
        source="torchvision FashionMNIST, pixels and labels verified by SHA-256",
    )


def by_hand(data_dir: Path) -> str:
    """Return how to get the data set without a network."""
    archives = ", ".join(f"{file}.gz" for file in FILES)
    return (
        f"fetch {archives} from {ARCHIVES_URL} on another machine, put them into"
        f" {data_dir / FOLDER / 'raw'}, and run the same command, which then unpacks them"
    )


def download(data_dir: Path) -> None:
    """Fetch and unpack what is not there yet; torchvision verifies the archives.

    Args:
        data_dir: created where needed.
    """
    _open(data_dir, is_train=True, download=True)


def _open(data_dir: Path, is_train: bool, download: bool) -> Any:
    """Return torchvision's data set object, importing torchvision only now."""
    from torchvision.datasets import FashionMNIST

    return FashionMNIST(str(data_dir), train=is_train, download=download)
