"""The sets of a task as indices: sorted, without repeats, and no index in two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]

MAX_NAMED = 5
"""Pairs of indices that a message lists; the rest are only counted."""


class LeakError(ValueError):
    """An example or an exact copy of it is in two sets."""


@dataclass(frozen=True, eq=False)
class Partition:
    """Train, val and test of a data set, before anything is to be forgotten.

    Attributes:
        name: of the data set; part of the seed of forget sets drawn from it.
        train: sorted int64 indices; read-only, as are the next two.
        val: sorted int64 indices.
        test: sorted int64 indices.
        notes: counts worth a line in a record, all of them numbers.

    Raises:
        ValueError: a set is empty or not sorted without repeats.
        LeakError: two sets share an index.
    """

    name: str
    train: Indices
    val: Indices
    test: Indices
    notes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _freeze_sets(self, ("train", "val", "test"))


@dataclass(frozen=True, eq=False)
class Split:
    """The four sets of a task; train is retain and forget together.

    Attributes:
        retain: sorted int64 indices; read-only, as are the next three.
        forget: sorted int64 indices.
        val: sorted int64 indices.
        test: sorted int64 indices.
        forget_stratum: `(len(forget),)` strings, such as "hard" or "random", one for each of
            `forget`.
        notes: counts worth a line in a record, all of them numbers.

    Raises:
        ValueError: a set is empty or not sorted without repeats, or the strata are not aligned.
        LeakError: two sets share an index.
    """

    retain: Indices
    forget: Indices
    val: Indices
    test: Indices
    forget_stratum: NDArray[np.str_]
    notes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _freeze_sets(self, ("retain", "forget", "val", "test"))
        stratum = np.asarray(self.forget_stratum)
        if stratum.shape != self.forget.shape or stratum.dtype.kind != "U":
            raise ValueError(
                f"`forget_stratum` must be strings of shape {self.forget.shape}, one for each "
                f"forget example, got {stratum.dtype} of shape {stratum.shape}"
            )


def split_of(
    parts: Partition, forget: Indices, stratum: NDArray[np.str_], notes: dict[str, int]
) -> Split:
    """Return the split that forgets these train examples.

    Args:
        parts: train, val and test.
        forget: sorted indices.
        stratum: of each of `forget`.
        notes: of the split.
    """
    retain = np.setdiff1d(parts.train, forget)
    return Split(retain, forget, parts.val, parts.test, stratum, notes)


def check_disjoint(sets: Mapping[str, Indices]) -> None:
    """Check that no index is in two sets.

    Args:
        sets: indices by name of the set.

    Raises:
        LeakError: names the first two sets that share indices, and those indices.
    """
    for (name_a, a), (name_b, b) in combinations(sets.items(), 2):
        shared = np.intersect1d(a, b)
        if shared.size:
            raise LeakError(
                f"sets {name_a} and {name_b} must be disjoint, but share {shared.size} "
                f"index(es): {listed([str(index) for index in shared[:MAX_NAMED]], shared.size)}"
            )


def listed(named: list[str], total: int) -> str:
    """Return the named items and how many more there are."""
    more = total - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _freeze_sets(holder: Partition | Split, names: tuple[str, ...]) -> None:
    """Check that index sets are sorted, without repeats and disjoint, and make them read-only."""
    for name in names:
        indices = getattr(holder, name)
        if indices.ndim != 1 or indices.size == 0 or indices.dtype != np.int64:
            raise ValueError(
                f"`{name}` must be a non-empty vector of int64 indices, "
                f"got {indices.dtype} of shape {indices.shape}"
            )
        if indices[0] < 0 or (np.diff(indices) <= 0).any():
            raise ValueError(f"`{name}` must be sorted indices from 0 without repeats")
        view = indices.view()
        view.flags.writeable = False
        object.__setattr__(holder, name, view)
    check_disjoint({name: getattr(holder, name) for name in names})
