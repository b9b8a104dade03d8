from __future__ import annotations

import numpy as np

from data_prep.seeding import random_order


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
