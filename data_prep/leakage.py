"""No example, and no exact copy of one, may be in two of the sets retain, forget, val and test.

A forget image with a copy in retain cannot be forgotten, and one with a copy in val or test
makes the unlearner see it, or the utility depend on it.
"""

from __future__ import annotations

import hashlib
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data_prep.sets import MAX_NAMED, LeakError, Split, check_disjoint, listed


def first_copies(
    images: NDArray[np.generic], order: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return, for each image, the first image with exactly the same pixels.

    Args:
        images: `(n, ...)` of any shape and numeric dtype. One is read at a time, so that they
            may be a memory map.
        order: `(k,)` the images to look at, first things first; None for all as they come.

    Returns:
        `(k,)` int64 places in `order`; its own where no earlier image is the same.
    """
    seen = np.arange(len(images)) if order is None else order
    # -0.0 and 0.0 are the same pixel in other bytes.
    zero = images.dtype.type(0) if np.issubdtype(images.dtype, np.floating) else None
    first_of: dict[bytes, int] = {}
    first = []
    for place, index in enumerate(seen):
        pixels = np.ascontiguousarray(images[index])
        content = pixels if zero is None else pixels + zero
        first.append(first_of.setdefault(hashlib.sha256(content.data).digest(), place))
    return np.array(first, dtype=np.int64)


def check_no_leak(images: NDArray[np.generic], split: Split) -> None:
    """Check that no image, by exact pixel content, is in two of the four sets.

    Copies within one set are not a leak.

    Args:
        images: `(n, ...)`, all images that the split's indices count along.
        split: retain, forget, val and test.

    Raises:
        LeakError: names the two sets and the pairs of indices.
    """
    sets = {"retain": split.retain, "forget": split.forget, "val": split.val, "test": split.test}
    check_disjoint(sets)
    used = np.concatenate(list(sets.values()))
    if used.size and used.max() >= len(images):
        raise ValueError(
            f"`split` must index `images` (n = {len(images)}), got index {used.max()}; "
            "pass all images of the data set the split was made for"
        )
    group = np.full(len(images), -1, dtype=np.int64)
    group[used] = first_copies(images, used)
    for (name_a, a), (name_b, b) in combinations(sets.items(), 2):
        in_both = np.intersect1d(group[a], group[b])
        if in_both.size:
            pairs = [
                f"{a[group[a] == which][0]} = {b[group[b] == which][0]}"
                for which in in_both[:MAX_NAMED]
            ]
            raise LeakError(
                f"sets {name_a} and {name_b} must not share an image, but {in_both.size} image(s) "
                f"with exactly the same pixels are in both; indices {name_a} = {name_b}: "
                f"{listed(pairs, in_both.size)}; partition the data with duplicates dropped"
            )
