from __future__ import annotations

import numpy as np

from scorer.metric.pooled import pool


def test_pool_keeps_track_of_the_samples() -> None:
    first, second = np.array([[3.0], [1.0], [1.0]]), np.array([[2.0], [1.0], [0.0]])
    pooled = pool(first, second)
    np.testing.assert_array_equal(pooled.values, [[0, 1, 1, 1, 2, 3]])
    np.testing.assert_array_equal(pooled.block_start, [[0, 1, 1, 1, 4, 5]])
    # Between tied values the count is arbitrary.
    assert pooled.first_before[0, [0, 1, 4, 5, 6]].tolist() == [0, 0, 2, 2, 3]
    exchanged = pooled.exchanged()
    np.testing.assert_array_equal(exchanged.values, pooled.values)
    assert exchanged.first_before[0, [0, 1, 4, 5, 6]].tolist() == [0, 1, 2, 3, 3]
