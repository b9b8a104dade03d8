from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.draws import check_accuracies, permutations, points_of_draws, utility_of_draws
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import make_rule
from scorer.metric.utility import ModelAccuracies

EXACT = make_rule("exact")


def test_points_of_a_draw_are_those_of_the_drawn_models_in_any_batch() -> None:
    rng = np.random.default_rng(0)
    unlearned, oracle = rng.normal(0.5, 1.5, (12, 4)), rng.normal(0.0, 1.5, (10, 4))
    draws = permutations(rng, 12, 7)[:, :8], permutations(rng, 10, 7)[:, :8]
    expected = [
        forgetting_quality(unlearned[first], oracle[second], EXACT).points
        for first, second in zip(*draws, strict=True)
    ]
    for size in (2**22, 90, 1):
        found = points_of_draws(unlearned, draws[0], oracle, draws[1], EXACT, values_per_batch=size)
        np.testing.assert_array_equal(found, expected)


def test_permutations_name_every_model_once() -> None:
    order = permutations(np.random.default_rng(1), 6, 40)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(6), (40, 1)))
    assert len(np.unique(order, axis=0)) > 20


def test_utility_of_a_draw_is_that_of_its_models() -> None:
    one = ModelAccuracies(retain=np.array([0.5, 0.7, 0.9]), test=np.array([0.4, 0.6, 0.8]))
    other = ModelAccuracies(retain=np.array([1.0, 0.5, 0.0]), test=np.array([1.0, 1.0, 1.0]))
    found = utility_of_draws(one, np.array([[0, 2], [1, 1]]), other, np.array([[0, 1], [2, 2]]))
    np.testing.assert_allclose(found, [0.7 * 0.6 / 0.75, np.inf])


def test_accuracies_of_another_number_of_models_are_named() -> None:
    two = ModelAccuracies(retain=np.ones(2), test=np.ones(2))
    with pytest.raises(ValueError, match="of the oracle models must be of 3 models, got 2"):
        check_accuracies(3, oracle=two)
