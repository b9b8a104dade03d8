from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.ceiling import relative_score_error, repaired_ceiling
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.jackknife import error_over_draws
from scorer.metric.rules import make_rule
from scorer.metric.utility import ModelAccuracies
from scorer.simulated.banks import normal_bank

EXACT = make_rule("exact")


def bank(seed: int, n_models: int = 16, n_examples: int = 12) -> np.ndarray:
    return normal_bank(np.random.default_rng(seed), n_models, n_examples, rho=0.5)


def test_it_is_the_mean_over_pairings_of_all_retrained_models() -> None:
    control, oracle = bank(1, 6), bank(2, 6)
    accuracies = [
        ModelAccuracies(retain=np.linspace(0.5, top, 6), test=np.linspace(0.4, top, 6))
        for top in (0.8, 1.0)
    ]
    found = repaired_ceiling(
        control, oracle, EXACT, accuracies=(accuracies[0], accuracies[1]), n_pairings=9, seed=4
    )
    models = np.concatenate([control, oracle])
    retain, test = (
        np.concatenate([getattr(each, name) for each in accuracies]) for name in ("retain", "test")
    )
    order = np.random.default_rng(4).permuted(np.tile(np.arange(12), (9, 1)), axis=1)
    points, ratios = [], []
    for one in order:
        own, other = one[:6], one[6:]
        points.append(forgetting_quality(models[own], models[other], EXACT).points)
        ratio = retain[own].mean() / retain[other].mean()
        ratios.append(ratio * test[own].mean() / test[other].mean())
    drawn = np.array(points)
    assert found.forgetting_quality == pytest.approx(drawn.mean())
    np.testing.assert_allclose(found.points, drawn.mean(axis=0))
    expected = error_over_draws(drawn.mean(axis=0), drawn, 1 / 9)
    assert found.forgetting_quality_se == pytest.approx(expected)
    final = drawn * np.array(ratios)[:, np.newaxis]
    assert found.final_score == pytest.approx(final.mean())
    assert found.final_score_se > found.forgetting_quality_se


def test_it_does_not_depend_on_which_bank_is_which_and_varies_less_than_one_pairing() -> None:
    once, many, swapped = [], [], []
    for seed in range(30):
        control, oracle = bank(10 + seed), bank(1000 + seed)
        once.append(forgetting_quality(control, oracle, EXACT).value)
        many.append(repaired_ceiling(control, oracle, EXACT, n_pairings=30).forgetting_quality)
        swapped.append(repaired_ceiling(oracle, control, EXACT, n_pairings=30).forgetting_quality)
    assert np.std(many) < 0.5 * np.std(once)
    assert np.mean(many) == pytest.approx(np.mean(once), abs=3 * np.std(once) / 30**0.5)
    assert np.mean(swapped) == pytest.approx(np.mean(many), rel=0.03)


def test_the_error_of_a_ratio() -> None:
    assert relative_score_error(0.1, 0.01, 0.2, 0.0) == pytest.approx(0.05)
    assert relative_score_error(0.1, 0.0, 0.2, 0.02) == pytest.approx(0.05)
    assert relative_score_error(0.1, 0.01, 0.2, 0.02) == pytest.approx(0.05 * 2**0.5)
    assert relative_score_error(0.0, 0.0, 0.2, 0.02) == 0.0


def test_bad_arguments_are_named() -> None:
    one = bank(1, 4)
    with pytest.raises(ValueError, match="`n_pairings` must be at least 2, got 1"):
        repaired_ceiling(one, one, EXACT, n_pairings=1)
    with pytest.raises(ValueError, match="`control` and `oracle` must have the same shape"):
        repaired_ceiling(one, one[:3], EXACT)
    three = ModelAccuracies(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="of the control models must be of 4 models, got 3"):
        repaired_ceiling(one, one, EXACT, accuracies=(three, three))
