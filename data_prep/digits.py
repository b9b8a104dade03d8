"""Handwritten digits, 8 x 8, that scikit-learn ships: the data set that needs no download.

Reference: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
Learning Repository, 1998; scikit-learn embeds its test part of 1,797 images.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data_prep.raw import DamagedData, RawData, arrays_sha256

ARRAYS_SHA256 = "3bdcbf898d4e4ae2f3de959032fd61698f9cfd69ee85a8f024b3c115d56ec81a"
"""Of the pixels and labels that tasks on this data set were frozen on."""


def load(data_dir: Path) -> RawData:
    """Return the 1,797 digits; there is no official test set.

    Args:
        data_dir: not looked at, since the data are embedded in scikit-learn.

    Raises:
        DamagedData: the installed scikit-learn ships other data.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.ascontiguousarray(bunch.images[:, None].astype(np.uint8))
    labels = np.asarray(bunch.target, dtype=np.int64)
    found = arrays_sha256(images, labels)
    if found != ARRAYS_SHA256 or not np.array_equal(images[:, 0], bunch.images):
        raise DamagedData(
            "the digits embedded in the installed scikit-learn must have SHA-256 "
            f"{ARRAYS_SHA256}, got {found}; install the version that this project pins"
        )
    return RawData(
        name="digits",
        images=images,
        labels=labels,
        n_classes=10,
        is_official_test=np.zeros(len(labels), dtype=bool),
        mean=(0.3053,),
        std=(0.3760,),
        value_range=16.0,
        source="scikit-learn load_digits, pixels and labels verified by SHA-256",
    )
