from __future__ import annotations

import hashlib

import numpy as np
import pytest

from data_prep import LeakError, Partition, Split, choose_forget, forget_given, load_raw, partition

DIGITS_PARTITION_SHA256 = "f9994670afa52497aaaf32542e0d8c90ad7978c755bfd7e9c447a2de2998ee18"


def _sets(parts):
    names = ("train", "val", "test") if isinstance(parts, Partition) else Split.__annotations__
    return [getattr(parts, name) for name in names if name not in ("forget_stratum", "notes")]


def _sha256(split):
    """The SHA-256 (hex) of the four index sets and the strata."""
    digest = hashlib.sha256()
    for name in ("retain", "forget", "val", "test"):
        indices = getattr(split, name)
        digest.update(f"{name} {len(indices)} ".encode())
        digest.update(indices.astype("<i8").tobytes())
    digest.update(" ".join(split.forget_stratum.tolist()).encode())
    return digest.hexdigest()


def _proportional(labels, chosen, among):
    """Whether each class of `chosen` has its share of `among`, to within one example."""
    share = np.bincount(labels[among]) * len(chosen) / len(among)
    return (np.abs(np.bincount(labels[chosen], minlength=len(share)) - share) < 1).all()


def test_partition_is_disjoint_exhaustive_sorted_and_of_the_sizes_asked_for(make_raw):
    raw = make_raw()
    parts = partition(raw, n_val=15, n_test=25, split_seed=0)
    assert [len(part) for part in _sets(parts)] == [60, 15, 25]
    assert sorted(np.concatenate(_sets(parts)).tolist()) == list(range(100))
    for part in _sets(parts):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


@pytest.mark.parametrize("sizes", [(40, 30, 30), (71, 26, 3), (34, 33, 33)])
@pytest.mark.parametrize(("n_val", "n_test"), [(15, 25), (7, 11), (33, 33)])
def test_partition_is_stratified(make_raw, sizes, n_val, n_test):
    raw = make_raw(sizes)
    parts = partition(raw, n_val, n_test, split_seed=3)
    assert _proportional(raw.labels, parts.test, np.arange(100))
    assert _proportional(raw.labels, parts.val, np.union1d(parts.train, parts.val))


def test_partition_depends_on_seed_and_name_only(make_raw):
    raw = make_raw()
    first = partition(raw, 15, 25, split_seed=0)
    again = partition(raw, 15, 25, split_seed=0)
    for a, b in zip(_sets(first), _sets(again), strict=True):
        np.testing.assert_array_equal(a, b)
    others = [partition(raw, 15, 25, 1), partition(make_raw(name="other"), 15, 25, 0)]
    for other in others:
        assert first.test.tolist() != other.test.tolist()
        assert first.val.tolist() != other.val.tolist()


def test_every_example_can_be_drawn(make_raw):
    raw = make_raw()
    drawn = np.concatenate([partition(raw, 20, 20, seed).test for seed in range(100)])
    counts = np.bincount(drawn, minlength=100)
    # Binomial(100, 0.2): mean 20, standard deviation 4.
    assert counts.min() > 0
    assert counts.max() < 44


def test_official_test_set_is_the_test_set(make_raw):
    raw = make_raw(n_official_test=30)
    parts = partition(raw, n_val=10, n_test=None, split_seed=0)
    assert parts.test.tolist() == list(range(70, 100))
    assert _proportional(raw.labels, parts.val, np.arange(70))
    assert len(parts.train) == 60


def test_test_size_and_official_test_set_exclude_each_other(make_raw):
    with pytest.raises(ValueError, match="`n_test` must be None"):
        partition(make_raw(n_official_test=30), 10, 10, 0)
    with pytest.raises(ValueError, match="`n_test` must be an integer"):
        partition(make_raw(), 10, None, 0)


def test_copies_are_dropped_all_but_the_first(make_raw):
    raw = make_raw()
    images = raw.images.copy()
    images[[50, 90]] = images[10]
    images[61] = images[60]
    labels = raw.labels.copy()
    labels[10] = labels[50] = 0
    labels[90] = 1
    labels[61] = labels[60]
    parts = partition(make_raw(images=images, labels=labels), 10, 10, 0)
    assert sorted(set(range(100)) - set(np.concatenate(_sets(parts)).tolist())) == [50, 61, 90]
    assert parts.notes == {
        "n_examples": 100,
        "n_copies_dropped": 3,
        "n_train_copies_of_test_dropped": 0,
        "n_copies_with_another_label": 1,
    }


def test_an_official_test_image_wins_over_its_copies_in_train(make_raw):
    raw = make_raw(n_official_test=30)
    images = raw.images.copy()
    images[[3, 4]] = images[95]
    images[99] = images[95]
    parts = partition(make_raw(images=images, n_official_test=30), 10, None, 0)
    used = np.concatenate(_sets(parts))
    assert 95 in parts.test
    assert not set(used.tolist()) & {3, 4, 99}
    assert parts.notes["n_copies_dropped"] == 3
    assert parts.notes["n_train_copies_of_test_dropped"] == 2


@pytest.mark.parametrize(
    ("n_val", "n_test", "message"),
    [
        (0, 10, "`n_val` must be at least 1"),
        (10, 0, "`n_test` must be at least 1"),
        (50, 50, "n_val \\+ n_test must leave train examples, got 100 out of 100"),
        (60, 39, "every class must keep train examples, got none of class"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(make_raw, n_val, n_test, message):
    with pytest.raises(ValueError, match=message):
        partition(make_raw(), n_val, n_test, 0)


def test_a_seed_must_be_an_integer(make_raw):
    with pytest.raises(TypeError):
        partition(make_raw(), 10, 10, 0.5)  # type: ignore[arg-type]


def test_digits_partition_is_frozen():
    """Another partition is another task: every pool of oracles on disk would be void."""
    raw = load_raw("digits", "anywhere")
    parts = partition(raw, n_val=200, n_test=297, split_seed=0)
    split = choose_forget(parts, raw.labels, None, 0, 130, 0)
    assert [len(part) for part in _sets(split)] == [1170, 130, 200, 297]
    assert _sha256(split) == DIGITS_PARTITION_SHA256


@pytest.fixture
def parts(make_raw):
    return partition(make_raw(), n_val=15, n_test=25, split_seed=0)


@pytest.fixture
def labels(make_raw):
    return make_raw().labels


@pytest.mark.parametrize("seed", range(5))
def test_forget_set_is_the_hardest_and_a_stratified_draw_of_the_rest(parts, labels, seed):
    difficulty = np.random.default_rng(0).normal(size=60)
    split = choose_forget(parts, labels, difficulty, n_hard=8, n_random=12, split_seed=seed)
    hard = split.forget[split.forget_stratum == "hard"]
    random = split.forget[split.forget_stratum == "random"]
    assert hard.tolist() == np.sort(parts.train[np.argsort(difficulty)[:8]]).tolist()
    assert len(random) == 12
    assert _proportional(labels, random, np.setdiff1d(parts.train, hard))
    np.testing.assert_array_equal(np.union1d(split.retain, split.forget), parts.train)
    assert not np.intersect1d(split.retain, split.forget).size
    np.testing.assert_array_equal(split.val, parts.val)
    np.testing.assert_array_equal(split.test, parts.test)
    assert split.notes == parts.notes | {"n_forget_hard": 8, "n_forget_random": 12}


def test_equally_hard_examples_go_by_index(parts, labels):
    split = choose_forget(parts, labels, np.zeros(60), n_hard=5, n_random=0, split_seed=0)
    assert split.forget.tolist() == parts.train[:5].tolist()
    assert set(split.forget_stratum) == {"hard"}


def test_random_forget_set_depends_on_the_seed_only(parts, labels):
    draws = [choose_forget(parts, labels, None, 0, 20, seed).forget for seed in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert draws[0].tolist() != draws[2].tolist()


@pytest.mark.parametrize(
    ("difficulty", "n_hard", "n_random", "message"),
    [
        (None, 0, 0, "at least 1 and below the 60"),
        (None, 0, 60, "at least 1 and below the 60"),
        (None, -1, 5, "`n_hard` must be at least 0"),
        (None, 0, -5, "`n_random` must be at least 0"),
        (None, 5, 5, "n_hard 5 and difficulty None"),
        (np.zeros(60), 0, 5, "n_hard 0 and difficulty given"),
        (np.zeros(100), 5, 5, "`difficulty` must be 60 finite numbers"),
        (np.full(60, np.nan), 5, 5, "`difficulty` must be 60 finite numbers"),
    ],
)
def test_a_forget_set_that_does_not_fit_is_refused(
    parts, labels, difficulty, n_hard, n_random, message
):
    with pytest.raises(ValueError, match=message):
        choose_forget(parts, labels, difficulty, n_hard, n_random, 0)


def test_labels_of_train_alone_are_refused(parts, labels):
    with pytest.raises(ValueError, match="those of the whole data set"):
        choose_forget(parts, labels[parts.train], None, 0, 5, 0)


def test_a_given_forget_set_is_kept_out_of_val_and_test(make_raw):
    raw = make_raw(n_official_test=30)
    given = np.arange(40, 0, -2)
    parts = partition(raw, 30, None, 0, keep_in_train=given)
    assert not np.intersect1d(parts.val, given).size
    assert len(parts.val) == 30
    split = forget_given(parts, given)
    assert split.forget.tolist() == sorted(given.tolist())
    assert set(split.forget_stratum) == {"given"}
    assert sorted(np.concatenate(_sets(split)).tolist()) == list(range(100))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 1], "`indices` must all differ"),
        ([0.5], "`indices` must be a vector of integers"),
        ([], "at least one"),
        ([100], "`indices` must be in train"),
    ],
)
def test_a_given_forget_set_that_does_not_fit_is_refused(parts, given, message):
    with pytest.raises(ValueError, match=message):
        forget_given(parts, given)


def test_a_given_forget_set_outside_train_says_how_to_keep_it_in(parts):
    with pytest.raises(ValueError, match="keep_in_train"):
        forget_given(parts, parts.val[:2])
    with pytest.raises(ValueError, match="not all of the 60"):
        forget_given(parts, parts.train)


def test_only_train_examples_can_be_kept_in_train(make_raw):
    raw = make_raw(n_official_test=30)
    images = raw.images.copy()
    images[5] = images[80]
    raw = make_raw(images=images, n_official_test=30)
    for index in (5, 80, -1, 100):  # a dropped copy, a test image, and two that do not exist
        with pytest.raises(ValueError, match="among the train examples"):
            partition(raw, 10, None, 0, keep_in_train=[index])


def test_sets_that_overlap_or_are_not_sorted_cannot_be_made(parts):
    with pytest.raises(LeakError, match="val and test"):
        Partition("x", parts.train, parts.test, parts.test)
    with pytest.raises(ValueError, match="`val` must be sorted"):
        Partition("x", parts.train, parts.val[::-1], parts.test)
    with pytest.raises(ValueError, match="`test` must be a non-empty"):
        Partition("x", parts.train, parts.val, parts.test[:0])
    with pytest.raises(ValueError, match="`forget_stratum`"):
        Split(parts.train[5:], parts.train[:5], parts.val, parts.test, np.full(4, "random"))
    with pytest.raises(ValueError, match="read-only"):
        parts.train[0] = 3
