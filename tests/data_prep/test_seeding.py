from __future__ import annotations

import numpy as np

from data_prep.seeding import random_order, random_uniform


def test_order_is_a_permutation_and_frozen():
    """Frozen, because every split and with it every pool of oracles follows from it."""
    assert random_order(8, "digits", 0, "partition").tolist() == [3, 4, 1, 0, 7, 6, 2, 5]


def test_every_part_of_the_key_counts():
    keys = [("a", 0, "b"), ("a", 1, "b"), ("a", 0, "c"), ("d", 0, "b")]
    orders = {tuple(random_order(50, *key)) for key in keys}
    assert len(orders) == 4
    np.testing.assert_array_equal(np.sort(random_order(50, "a")), np.arange(50))


def test_neighbouring_seeds_are_unrelated():
    ranks = np.array([np.argsort(random_order(500, "a", seed)) for seed in range(20)])
    correlation = np.corrcoef(ranks)[~np.eye(20, dtype=bool)]
    assert np.abs(correlation).max() < 0.25  # standard deviation 1 / sqrt(500) = 0.045


def test_uniform_numbers_are_even_and_frozen():
    """Frozen, because simulated data sets follow from them."""
    found = random_uniform(20_000, "plane", 0)
    assert ((found > 0) & (found < 1)).all()
    shares = np.histogram(found, bins=10, range=(0, 1))[0] / len(found)
    np.testing.assert_allclose(shares, 0.1, atol=0.01)
    np.testing.assert_array_equal(found[:3], random_uniform(3, "plane", 0))
    assert not np.array_equal(found[:3], random_uniform(3, "plane", 1))
    assert found[:3].round(6).tolist() == [0.328782, 0.676607, 0.224836]
