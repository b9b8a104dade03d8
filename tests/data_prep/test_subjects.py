"""Subjects: nobody in two sets, whole subjects drawn, whole subjects forgotten."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from data_prep import RawData, forget_subjects, partition

SIZES = (2, 5, 3, 7, 1, 4, 6, 2, 3, 7)
"""Images of each of ten subjects."""
SUBJECTS = np.random.default_rng(1).permutation(np.repeat(np.arange(10) * 11 - 20, SIZES))
N = sum(SIZES)


@pytest.fixture
def raw(make_raw: Callable[..., RawData]) -> RawData:
    return make_raw((N // 2, N - N // 2), subjects=SUBJECTS)


def people(*sets: np.ndarray) -> list[set[int]]:
    return [set(SUBJECTS[each].tolist()) for each in sets]


@pytest.mark.parametrize("seed", range(5))
def test_whole_subjects_are_drawn_until_there_are_enough(raw: RawData, seed: int) -> None:
    parts = partition(raw, 5, 8, seed)
    train, val, test = people(parts.train, parts.val, parts.test)
    assert len(train) + len(val) + len(test) == len(train | val | test) == 10
    assert 5 <= len(parts.val) < 5 + max(SIZES)
    assert 8 <= len(parts.test) < 8 + max(SIZES)
    assert len(parts.train) + len(parts.val) + len(parts.test) == N
    again = partition(raw, 5, 8, seed)
    np.testing.assert_array_equal(again.val, parts.val)


def test_seeds_draw_different_subjects(raw: RawData) -> None:
    assert len({frozenset(people(partition(raw, 5, 8, seed).test)[0]) for seed in range(8)}) > 4


def test_subjects_of_the_official_test_set_leave_the_rest(
    make_raw: Callable[..., RawData],
) -> None:
    raw = make_raw((N // 2, N - N // 2), n_official_test=10, subjects=SUBJECTS)
    parts = partition(raw, 3, None, 0)
    train, val, test = people(parts.train, parts.val, parts.test)
    assert not test & (train | val)
    dropped = parts.notes["n_of_test_subjects_dropped"]
    assert dropped == np.isin(SUBJECTS[:-10], SUBJECTS[-10:]).sum() > 0
    assert len(parts.train) + len(parts.val) + len(parts.test) == N - dropped


def test_subjects_of_what_stays_in_train_are_not_drawn(raw: RawData) -> None:
    kept = np.flatnonzero(SUBJECTS[0] == SUBJECTS)[:1]
    for seed in range(5):
        parts = partition(raw, 5, 8, seed, keep_in_train=kept)
        assert np.isin(np.flatnonzero(SUBJECTS[0] == SUBJECTS), parts.train).all()


def test_too_few_subjects_for_the_sizes_are_refused(raw: RawData) -> None:
    with pytest.raises(ValueError, match="images of whole subjects must be left to draw"):
        for seed in range(20):
            partition(raw, 3, N - 4, seed)


def test_everything_about_the_drawn_subjects_is_forgotten(raw: RawData) -> None:
    parts = partition(raw, 5, 5, 0)
    split = forget_subjects(parts, SUBJECTS, 2, 0)
    retain, forget = people(split.retain, split.forget)
    assert len(forget) == 2 and not forget & retain
    np.testing.assert_array_equal(np.sort([*split.retain, *split.forget]), parts.train)
    assert set(split.forget_stratum) == {"random"}
    drawn = {frozenset(people(forget_subjects(parts, SUBJECTS, 2, s).forget)[0]) for s in range(9)}
    assert len(drawn) > 2


@pytest.mark.parametrize("n_subjects", [0, 10, -1])
def test_some_subjects_are_forgotten_and_some_are_left(raw: RawData, n_subjects: int) -> None:
    parts = partition(raw, 5, 5, 0)
    with pytest.raises(ValueError, match=f"`n_subjects` must be at least 1 .* got {n_subjects}"):
        forget_subjects(parts, SUBJECTS, n_subjects, 0)


def test_subjects_are_part_of_the_content(make_raw: Callable[..., RawData]) -> None:
    other = SUBJECTS.copy()
    other[0] += 1
    hashes = {
        make_raw((N // 2, N - N // 2), subjects=each).content_sha256()
        for each in (None, SUBJECTS, other)
    }
    assert len(hashes) == 3
    with pytest.raises(ValueError, match="`subjects` of 'made_up' must be int64 of shape"):
        make_raw((N // 2, N - N // 2), subjects=SUBJECTS[:-1])
