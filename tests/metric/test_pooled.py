from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.pooled import count_below, pool, run_ends, run_starts


def test_pool_keeps_track_of_the_samples() -> None:
    first, second = np.array([[3.0], [1.0], [1.0]]), np.array([[2.0], [1.0], [0.0]])
    pooled = pool(first, second)
    np.testing.assert_array_equal(pooled.values, [[0, 1, 1, 1, 2, 3]])
    np.testing.assert_array_equal(pooled.block_start, [[0, 1, 1, 1, 4, 5]])
    assert pooled.first_before[0, [0, 1, 4, 5, 6]].tolist() == [0, 0, 2, 2, 3]
    of_first, of_second = pooled.split(pooled.values)
    np.testing.assert_array_equal(of_first, [[1, 1, 3]])
    np.testing.assert_array_equal(of_second, [[0, 1, 2]])
    exchanged = pooled.swapped_where(np.array([True]))
    np.testing.assert_array_equal(exchanged.split(exchanged.values)[0], of_second)


def test_runs() -> None:
    values = np.array([[5, 5, 7, 8, 8, 8]])
    np.testing.assert_array_equal(run_starts(values), [[0, 0, 2, 3, 3, 3]])
    np.testing.assert_array_equal(run_ends(values), [[2, 2, 3, 6, 6, 6]])


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("n_values", [1, 2, 7, 64])
def test_count_below_is_searchsorted_row_by_row(n_values: int, inclusive: bool) -> None:
    rng = np.random.default_rng(n_values)
    rows = np.sort(rng.integers(0, 9, (5, n_values)).astype(float), axis=1)
    index, queries = rng.integers(5, size=300), rng.integers(-1, 11, 300).astype(float)
    counted = np.less_equal if inclusive else np.less
    expected = counted(rows[index], queries[:, np.newaxis]).sum(axis=1)
    np.testing.assert_array_equal(count_below(rows, index, queries, inclusive=inclusive), expected)
