"""Random words and orders that depend on words and numbers, not on what was drawn before."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def random_words(n: int, *key: str | int) -> NDArray[np.uint64]:
    """Return random words of 64 bits that are a function of `key` alone, `n` of one stream.

    The seed is the SHA-256 of the key's parts joined by "/", so neighbouring seeds give unrelated
    words. NumPy promises (NEP 19) that the stream of a bit generator never changes, and makes no
    such promise for what `Generator` makes of it.

    Args:
        n: how many.
        key: e.g. name of the data set, seed, purpose.

    Returns:
        `(n,)` uint64.
    """
    digest = hashlib.sha256("/".join(str(part) for part in key).encode()).digest()
    words: NDArray[np.uint64] = np.random.PCG64(int.from_bytes(digest, "big")).random_raw(n)
    return words


def random_order(n: int, *key: str | int) -> NDArray[np.int64]:
    """Return a permutation of 0 to n - 1 that is a function of `n` and `key` alone.

    Args:
        n: how many.
        key: see `random_words`.

    Returns:
        `(n,)` int64.
    """
    return np.argsort(random_words(n, *key), kind="stable").astype(np.int64)


def random_uniform(n: int, *key: str | int) -> NDArray[np.float64]:
    """Return numbers evenly drawn between 0 and 1 that are a function of `key` alone.

    Args:
        n: how many.
        key: see `random_words`.

    Returns:
        `(n,)` float64; neither 0 nor 1 is among them.
    """
    # 52 bits and half of the last: with one bit more the largest would round to 1.
    return (random_words(n, *key) >> np.uint64(12)).astype(np.float64) / 2.0**52 + 2.0**-53
