"""Seeded partitions into train, val and test, and forget sets drawn from train."""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_prep.leakage import first_copies
from data_prep.raw import RawData
from data_prep.seeding import random_order
from data_prep.sets import Indices, Partition, Split, split_of
from data_prep.subjects import first_subjects, ordered_by_subject, without_subjects_of_test

SPLIT_EDITION = 2
"""Raised to retire all splits. The baselines were tuned on edition 1, so it is not scored on."""


def partition(
    raw: RawData,
    n_val: int,
    n_test: int | None,
    split_seed: int,
    *,
    keep_in_train: ArrayLike | None = None,
) -> Partition:
    """Divide a data set into train, val and test, stratified by class.

    Exact copies are dropped first, all but the first; where one copy is in the official test set,
    that one stays. An official test set, so cleaned, is the test set, and val is drawn from the
    rest. Where subjects are known no two sets share one: whole subjects are drawn in place of a
    stratified sample, until they have as many images as are wanted, and images of subjects of the
    official test set are dropped from the rest.

    Args:
        raw: the data set.
        n_val: size of val, at least 1. The last subject drawn may exceed it.
        n_test: size of test, likewise; None exactly where there is an official test set.
        split_seed: another seed draws another partition.
        keep_in_train: `(k,)` indices that must not be drawn into val or test: a forget set that
            is fixed beforehand (see `forget_given`).

    Returns:
        The partition; its notes count examples and dropped copies.

    Raises:
        ValueError: sizes do not fit, a class would have no train example, or an index to keep is
            not a train example that is left after dropping copies.
    """
    if raw.has_official_test != (n_test is None):
        have, need = ("an", "None") if raw.has_official_test else ("no", "an integer")
        raise ValueError(
            f"`n_test` must be {need} for data set {raw.name!r}, which has {have} official test "
            f"set, got {n_test}"
        )
    wanted = {"n_val": n_val} if n_test is None else {"n_val": n_val, "n_test": n_test}
    for size_name, size in wanted.items():
        if operator.index(size) < 1:
            raise ValueError(f"`{size_name}` must be at least 1, got {size}")
    stays, notes = _without_copies(raw)
    if raw.subjects is not None:
        stays, notes = without_subjects_of_test(raw.subjects, raw.is_official_test, stays, notes)
    pool = np.flatnonzero(stays & ~raw.is_official_test)
    kept = _sorted_members(
        "keep_in_train",
        () if keep_in_train is None else keep_in_train,
        pool,
        "among the train examples that are left after dropping exact copies",
    )
    drawable = np.setdiff1d(pool, kept)
    if raw.subjects is not None:
        drawable = drawable[~np.isin(raw.subjects[drawable], raw.subjects[kept])]
    if sum(wanted.values()) >= pool.size or sum(wanted.values()) > drawable.size:
        raise ValueError(
            f"{' + '.join(wanted)} must leave train examples, got {sum(wanted.values())} out of "
            f"{pool.size}, of which {kept.size} are to be kept in train"
        )
    key = (raw.name, SPLIT_EDITION, operator.index(split_seed), "partition")
    if raw.subjects is None:
        order = drawable[random_order(drawable.size, *key)]
    else:
        order = ordered_by_subject(drawable, raw.subjects, *key)
    if n_test is None:
        test = np.flatnonzero(stays & raw.is_official_test)
    else:
        test = _first(order, raw, n_test)
        order = order[~np.isin(order, test)]
    val = _first(order, raw, n_val)
    train = np.setdiff1d(pool, np.concatenate([val, test]))
    lost = np.setdiff1d(raw.labels[pool], raw.labels[train])
    if lost.size:
        raise ValueError(
            f"every class must keep train examples, got none of class(es) {lost.tolist()}; "
            f"lower {' or '.join(wanted)}"
        )
    return Partition(raw.name, train, val, test, notes)


def choose_forget(
    parts: Partition,
    labels: NDArray[np.int64],
    difficulty: NDArray[np.floating] | None,
    n_hard: int,
    n_random: int,
    split_seed: int,
) -> Split:
    """Draw a forget set from train: the hardest examples, and random ones from the rest.

    Args:
        parts: train, val and test.
        labels: `(n,)` of the whole data set, `RawData.labels`.
        difficulty: `(len(parts.train),)` out-of-sample confidence, aligned with `parts.train`;
            lower = harder. None exactly where `n_hard` is 0.
        n_hard: how many of the hardest, ties broken by index.
        n_random: how many at random, stratified by class.
        split_seed: another seed draws other random ones.

    Returns:
        The split, strata "hard" and "random".

    Raises:
        ValueError: sizes or shapes do not fit.
    """
    n_train = parts.train.size
    for size_name, size in (("n_hard", n_hard), ("n_random", n_random)):
        if operator.index(size) < 0:
            raise ValueError(f"`{size_name}` must be at least 0, got {size}")
    if not 1 <= n_hard + n_random < n_train:
        raise ValueError(
            f"`n_hard` + `n_random` must be at least 1 and below the {n_train} train examples, "
            f"got {n_hard} + {n_random}"
        )
    largest = max(int(part.max()) for part in (parts.train, parts.val, parts.test))
    if labels.ndim != 1 or labels.size <= largest:
        raise ValueError(
            "`labels` must be those of the whole data set, shape (n,) with n above the largest "
            f"index {largest}, got shape {labels.shape}"
        )
    if (difficulty is None) != (n_hard == 0):
        raise ValueError(
            "`difficulty` must be None exactly where `n_hard` is 0, "
            f"got n_hard {n_hard} and difficulty {'None' if difficulty is None else 'given'}"
        )
    hard = parts.train[:0]
    if difficulty is not None:
        if difficulty.shape != (n_train,) or not np.isfinite(difficulty).all():
            raise ValueError(
                f"`difficulty` must be {n_train} finite numbers aligned with `parts.train`, "
                f"got shape {difficulty.shape}"
            )
        hard = parts.train[np.argsort(difficulty, kind="stable")[:n_hard]]
    rest = np.setdiff1d(parts.train, hard)
    order = rest[random_order(rest.size, parts.name, operator.index(split_seed), "forget")]
    random = _first_stratified(order, labels, n_random)
    forget = np.sort(np.concatenate([hard, random]))
    notes = {**parts.notes, "n_forget_hard": hard.size, "n_forget_random": random.size}
    return split_of(parts, forget, np.where(np.isin(forget, hard), "hard", "random"), notes)


def forget_given(
    parts: Partition, indices: ArrayLike, stratum: str | NDArray[np.str_] = "given"
) -> Split:
    """Make the split for a forget set that is fixed beforehand.

    Args:
        parts: train, val and test, made with `keep_in_train=indices`.
        indices: `(k,)` train examples to forget, in any order, all different.
        stratum: of all of them, or `(k,)` of each.

    Returns:
        The split.

    Raises:
        ValueError: an index repeats or is not in train, or all of train would be forgotten.
    """
    forget = _sorted_members(
        "indices", indices, parts.train, "in train (`partition` has `keep_in_train` to see to it)"
    )
    if not 1 <= forget.size < parts.train.size:
        raise ValueError(
            f"`indices` must name at least one and not all of the {parts.train.size} train "
            f"examples, got {forget.size}"
        )
    strata = np.broadcast_to(np.asarray(stratum), forget.shape)[np.argsort(indices)]
    notes = {**parts.notes, "n_forget_given": forget.size}
    return split_of(parts, forget, strata, notes)


def _without_copies(raw: RawData) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which examples stay once exact copies are dropped, and the counts."""
    # Official test images come first in this order, so that of several copies theirs is kept.
    order = np.argsort(~raw.is_official_test, kind="stable")
    first = np.empty(len(order), dtype=np.int64)
    first[order] = order[first_copies(raw.images, order)]
    stays = first == np.arange(len(order))
    across = ~raw.is_official_test & raw.is_official_test[first]
    notes = {
        "n_examples": len(order),
        "n_copies_dropped": int((~stays).sum()),
        "n_train_copies_of_test_dropped": int(across.sum()),
        "n_copies_with_another_label": int((raw.labels != raw.labels[first]).sum()),
    }
    return stays, notes


def _first(order: Indices, raw: RawData, count: int) -> Indices:
    """Return `count` of `order` or, where subjects are known, whole ones with at least so many."""
    if raw.subjects is None:
        return _first_stratified(order, raw.labels, count)
    return first_subjects(order, raw.subjects, count)


def _first_stratified(order: Indices, labels: NDArray[np.int64], count: int) -> Indices:
    """Return `count` of `order`, sorted: of each class the first ones, in proportion to its size.

    Proportions are rounded by largest remainder, ties to the lower class, so the sizes of the
    classes are exact to within one.
    """
    classes, sizes = np.unique(labels[order], return_counts=True)
    # In integers: floating point could round a tie either way.
    quota, remainder = np.divmod(sizes * count, max(order.size, 1))
    quota[np.argsort(-remainder, kind="stable")[: count - quota.sum()]] += 1
    chosen = [
        order[labels[order] == which][:many] for which, many in zip(classes, quota, strict=True)
    ]
    return np.sort(np.concatenate([order[:0], *chosen]))


def _sorted_members(argument: str, indices: ArrayLike, allowed: Indices, where: str) -> Indices:
    """Return indices sorted, after checking that they are distinct members of `allowed`."""
    values = np.asarray(indices)
    if values.size == 0:
        return allowed[:0]
    if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
        raise ValueError(
            f"`{argument}` must be a vector of integers, got {values.dtype} of shape {values.shape}"
        )
    unique = np.unique(values).astype(np.int64)
    if unique.size != values.size:
        raise ValueError(
            f"`{argument}` must all differ, got {values.size - unique.size} repeated index(es)"
        )
    outside = np.setdiff1d(unique, allowed)
    if outside.size:
        raise ValueError(
            f"`{argument}` must be {where}, got {outside.size} that are not, "
            f"such as {outside[:5].tolist()}"
        )
    return unique
