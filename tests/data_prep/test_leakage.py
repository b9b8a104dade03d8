from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from data_prep import LeakError, Split, check_no_leak, choose_forget, partition
from data_prep.leakage import check_disjoint, first_copies

SETS = ("retain", "forget", "val", "test")


@pytest.fixture
def split():
    """A split of 40 examples, ten in each set, in turn."""
    retain, forget, val, test = (np.arange(start, 40, 4) for start in range(4))
    return Split(retain, forget, val, test, np.full(10, "random"))


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (40, 1, 3, 3), dtype=np.uint8)


def test_different_images_pass(images, split):
    check_no_leak(images, split)


@pytest.mark.parametrize(("name_a", "name_b"), list(combinations(SETS, 2)))
def test_a_planted_copy_is_found_and_named(images, split, name_a, name_b):
    a, b = getattr(split, name_a)[7], getattr(split, name_b)[2]
    images[a] = images[b]
    message = f"{name_a} and {name_b} .*1 image.*{name_a} = {name_b}: {a} = {b};"
    with pytest.raises(LeakError, match=message):
        check_no_leak(images, split)


def test_one_pixel_apart_is_no_copy(images, split):
    images[0] = images[1]
    images[0, 0, 2, 2] ^= 1
    check_no_leak(images, split)


def test_copies_within_a_set_or_outside_the_split_are_no_leak(images, split):
    images[split.retain[3]] = images[split.retain[8]]
    beyond = np.concatenate([images, images[:5]])
    check_no_leak(beyond, split)


def test_many_leaks_are_counted_and_the_first_listed(images, split):
    images[split.retain] = images[split.val]
    with pytest.raises(LeakError, match=r"10 image.*and 5 more"):
        check_no_leak(images, split)


def test_the_sign_of_zero_hides_nothing(images, split):
    floats = images.astype(np.float32)
    floats[0], floats[1] = 0.0, -0.0
    with pytest.raises(LeakError, match="0 = 1"):
        check_no_leak(floats, split)


def test_too_few_images_are_refused(images, split):
    with pytest.raises(ValueError, match="got index 39"):
        check_no_leak(images[:39], split)


def test_an_index_in_two_sets_is_told_from_a_copy(images, split):
    # A Split cannot be made so; whatever else has the four sets can.
    sets = {name: getattr(split, name) for name in SETS}
    overlapping = SimpleNamespace(**(sets | {"val": np.append(split.val, split.forget[4])}))
    with pytest.raises(LeakError, match=f"forget and val must be disjoint.*: {split.forget[4]}$"):
        check_no_leak(images, overlapping)  # type: ignore[arg-type]


def test_shared_indices_are_found_and_named():
    sets = {"retain": np.arange(9), "forget": np.array([20]), "val": np.array([3, 8, 30])}
    with pytest.raises(LeakError, match=r"retain and val must be disjoint.* 2 index.*: 3, 8$"):
        check_disjoint(sets)
    check_disjoint(sets | {"val": np.array([30])})


def test_first_copies_points_at_the_first():
    images = np.array([[5, 6], [1, 2], [5, 6], [1, 3], [5, 6]], np.uint8)
    assert first_copies(images).tolist() == [0, 1, 0, 3, 0]


def test_a_split_made_here_has_no_leak_even_from_data_with_copies(make_raw):
    raw = make_raw()
    images = raw.images.copy()
    images[:30] = images[30:60]
    raw = make_raw(images=images)
    parts = partition(raw, n_val=10, n_test=10, split_seed=0)
    check_no_leak(raw.images, choose_forget(parts, raw.labels, None, 0, 10, 0))
