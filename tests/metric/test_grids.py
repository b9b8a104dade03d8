from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.grids import UniformGrids


def _grid(start: float, stop: float, count: int) -> UniformGrids:
    return UniformGrids(np.array([start]), np.array([stop]), np.array([float(count)]))


@pytest.mark.parametrize("count", [1, 2, 3, 400, 401, 1237])
@pytest.mark.parametrize(("start", "stop"), [(0.0, 4.0), (-3.7, 11.013), (99.9, 103.9)])
def test_points_are_those_of_linspace(start: float, stop: float, count: int) -> None:
    points = _grid(start, stop, count).at(np.arange(float(count)))
    np.testing.assert_array_equal(points, np.linspace(start, stop, count))


@pytest.mark.parametrize("count", [0, 1, 2, 17, 400, 401])
@pytest.mark.parametrize(("start", "stop"), [(-2.0, 2.0), (-3.7, 11.013), (99.9, 103.9)])
def test_searches_agree_with_the_full_grid_on_and_beside_its_points(
    start: float, stop: float, count: int
) -> None:
    points = np.linspace(start, stop, count)
    beside = [np.nextafter(points, -np.inf), points, np.nextafter(points, np.inf)]
    others = np.random.default_rng(0).uniform(start - 1, stop + 1, 200)
    values = np.concatenate([*beside, others, [start, stop]])
    grid = _grid(start, stop, count)
    np.testing.assert_array_equal(
        grid.first_above(values), np.searchsorted(points, values, "right")
    )
    np.testing.assert_array_equal(
        grid.first_at_or_above(values), np.searchsorted(points, values, "left")
    )
    np.testing.assert_array_equal(
        grid.last_at_or_below(values), np.searchsorted(points, values, "right") - 1
    )


def test_multiples_of_the_step_are_settled_by_comparison() -> None:
    # 0.01 has no exact representation: arithmetic alone would misplace many of these values.
    values = np.round(np.arange(-200, 201) * 0.01, 2)
    points = np.linspace(-2.0, 2.0, 401)
    found = _grid(-2.0, 2.0, 401).first_above(values)
    np.testing.assert_array_equal(found, np.searchsorted(points, values, "right"))


def test_each_row_has_its_own_grid() -> None:
    start, stop = np.array([[0.0], [10.0]]), np.array([[1.0], [30.0]])
    grids = UniformGrids(start, stop, np.array([[11.0], [3.0]]))
    found = grids.first_at_or_above(np.array([[0.25, 2.0], [11.0, 30.0]]))
    np.testing.assert_array_equal(found, [[3, 11], [1, 2]])
