"""The front of a board, and rows whose numbers are not known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from scorer.reports.figures import cost
from scorer.reports.figures.cost import front
from scorer.reports.material import Material, Unavailable
from scorer.results.leaderboard import build_leaderboard
from tests.results._records import make_record


@pytest.mark.parametrize("less_is_better", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_front_is_what_no_other_beats(less_is_better: bool, seed: int) -> None:
    points = [tuple(one) for one in np.random.default_rng(seed).integers(0, 6, (30, 2)).tolist()]
    sign = -1 if less_is_better else 1

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        a, b = (sign * one[0], one[1]), (sign * other[0], other[1])
        return a != b and a[0] >= b[0] and a[1] >= b[1]

    expected = {p for p in points if not any(beats(other, p) for other in points)}
    found = front(points, less_is_better=less_is_better)
    assert {points[k] for k in found} == expected
    assert all(points[a][0] <= points[b][0] for a, b in itertools.pairwise(found))


def test_a_front_of_nothing_is_empty() -> None:
    assert front([], less_is_better=True) == []
    assert front([(1.0, 1.0), (1.0, 1.0)], less_is_better=True) == [0]


def test_rows_without_a_time_are_left_out() -> None:
    records = [make_record("a"), make_record("b", time_ratio=None)]
    (group,) = build_leaderboard(records).groups
    time, utility = cost.draw(Material(records[0], group))
    assert "of 1 rows" in time.alternative
    assert "of 4 rows" in utility.alternative


def test_without_accuracies_of_retrained_models_it_says_so() -> None:
    record = make_record("a", control_accuracy=None)
    (group,) = build_leaderboard([record]).groups
    with pytest.raises(Unavailable, match="no accuracies of retrained models"):
        list(cost.draw(Material(record, group)))
