"""Whom images are of: sets that share nobody, and forget sets of everything about somebody."""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import NDArray

from data_prep.seeding import random_order
from data_prep.sets import Indices, Partition, Split, split_of


def ordered_by_subject(drawable: Indices, subjects: NDArray[np.int64], *key: str | int) -> Indices:
    """Return images in a seeded order of their subjects, those of one subject together.

    Args:
        drawable: `(k,)` sorted indices of images.
        subjects: `(n,)` of the whole data set.
        key: see `data_prep.seeding.random_order`.
    """
    _, place = np.unique(subjects[drawable], return_inverse=True)
    rank = np.argsort(random_order(int(place.max(initial=-1)) + 1, *key))
    return drawable[np.argsort(rank[place], kind="stable")]


def first_subjects(order: Indices, subjects: NDArray[np.int64], count: int) -> Indices:
    """Return, sorted, the images of the first subjects that have `count` images or more together.

    Args:
        order: `(k,)` from `ordered_by_subject`.
        subjects: `(n,)` of the whole data set.
        count: how many at least.

    Raises:
        ValueError: all of them have fewer.
    """
    if count > order.size:
        raise ValueError(
            f"{count} images of whole subjects must be left to draw, got {order.size}; lower the "
            "sizes of val and test"
        )
    last = subjects[order[count - 1]]
    return np.sort(order[: count + np.flatnonzero(subjects[order[count - 1 :]] == last)[-1]])


def without_subjects_of_test(
    subjects: NDArray[np.int64],
    is_official_test: NDArray[np.bool_],
    stays: NDArray[np.bool_],
    notes: dict[str, int],
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which images stay once nobody in the official test set is in the rest, and the counts.

    Args:
        subjects: `(n,)` of the whole data set.
        is_official_test: `(n,)`.
        stays: `(n,)` the images that are looked at.
        notes: to which the count is added.
    """
    of_test = np.isin(subjects, subjects[is_official_test])
    dropped = stays & of_test & ~is_official_test
    return stays & ~dropped, {**notes, "n_of_test_subjects_dropped": int(dropped.sum())}


def forget_subjects(
    parts: Partition, subjects: NDArray[np.int64], n_subjects: int, split_seed: int
) -> Split:
    """Make the split that forgets every train image of so many subjects, drawn at random.

    Args:
        parts: train, val and test.
        subjects: `(n,)` of the whole data set, `RawData.subjects`.
        n_subjects: how many; some must be left.
        split_seed: another seed draws others.

    Returns:
        The split, with the one stratum "random".

    Raises:
        ValueError: there are not more subjects than that in train.
    """
    known = np.unique(subjects[parts.train])
    if not 1 <= operator.index(n_subjects) < known.size:
        raise ValueError(
            f"`n_subjects` must be at least 1 and below the {known.size} subjects in train, got "
            f"{n_subjects}"
        )
    order = random_order(known.size, parts.name, operator.index(split_seed), "subjects")
    drawn = known[order[:n_subjects]]
    forget = parts.train[np.isin(subjects[parts.train], drawn)]
    notes = {**parts.notes, "n_forget_subjects": drawn.size, "n_forget_random": forget.size}
    return split_of(parts, forget, np.full(forget.size, "random"), notes)
