from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.forgetting import forgetting_quality
from scorer.metric.jackknife import (
    draw_kept,
    drawing_units,
    error_over_draws,
    kept_scale,
    score_errors,
)
from scorer.metric.rules import make_rule
from scorer.metric.utility import ModelAccuracies
from scorer.simulated.banks import normal_bank, normal_bank_from_originals

COMPETITION, EXACT = make_rule("competition"), make_rule("exact")


def banks(
    seed: int, n_models: int = 16, n_examples: int = 20, bias: float = 0.5
) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [normal_bank(rng, n_models, n_examples, bias=shift, rho=0.9) for shift in (bias, 0.0)]


@pytest.mark.parametrize("n_units", [4, 5, 16, 63])
def test_the_scaled_variance_of_draws_of_a_mean_is_that_of_the_mean(n_units: int) -> None:
    rng = np.random.default_rng(n_units)
    values = rng.normal(size=n_units)
    draws = draw_kept(rng, np.arange(n_units)[:, np.newaxis], 40_000)
    found = kept_scale(n_units) * values[draws].mean(axis=1).var()
    assert found == pytest.approx(values.var(ddof=1) / n_units, rel=0.05)


def test_examples_that_vary_together_and_apart_add_up() -> None:
    # Points of a draw: an effect of the draw on all examples, and one of each example.
    rng = np.random.default_rng(0)
    common, own = rng.normal(size=(4000, 1)), rng.normal(size=(4000, 50))
    points = rng.normal(size=50)
    spread = points.var(ddof=1) / 50
    both = error_over_draws(points, 2.0 * common + 9.0 * own, scale=0.25)
    assert both == pytest.approx((0.25 * 4.0 + spread) ** 0.5, rel=0.05)
    assert error_over_draws(points, own - own.mean(axis=1, keepdims=True), 1.0) == spread**0.5
    assert error_over_draws(points[:1], own[:, :1], 4.0) == pytest.approx(2.0, rel=0.05)


def test_models_of_one_original_are_drawn_together() -> None:
    units = drawing_units([0, 1, 2, 3] * 3, 12)
    np.testing.assert_array_equal(units[1], [1, 5, 9])
    draws = draw_kept(np.random.default_rng(0), units, 30)
    assert draws.shape == (30, 9)
    assert all(len(set(draw % 4)) == 3 for draw in draws)
    # What some originals have more of is left out; one original is none.
    np.testing.assert_array_equal(drawing_units([0, 1, 0, 1, 0], 5), [[0, 2], [1, 3]])
    for given in (None, [7] * 5):
        np.testing.assert_array_equal(drawing_units(given, 5), np.arange(5)[:, np.newaxis])


def test_the_error_is_that_of_the_definition() -> None:
    unlearned, oracle = banks(1, 8, 5)
    found = score_errors(unlearned, oracle, EXACT, n_draws=6, seed=3)
    rng = np.random.default_rng(3)
    draws = [rng.permuted(np.tile(np.arange(8), (6, 1)), axis=1)[:, :6] for _ in range(2)]
    kept = np.array(
        [
            forgetting_quality(unlearned[one], oracle[two], EXACT).points
            for one, two in zip(*draws, strict=True)
        ]
    )
    points = forgetting_quality(unlearned, oracle, EXACT).points
    together = np.cov(kept.T)
    apart = (together.sum() - np.trace(together)) / 25
    expected = (3.0 * max(0.0, apart) + points.var(ddof=1) / 5) ** 0.5
    assert found.forgetting_quality == pytest.approx(expected)
    assert found.final_score == found.forgetting_quality
    assert found.between_originals_sd is None


def test_accuracies_are_drawn_with_their_models() -> None:
    unlearned, oracle = banks(2)
    even = ModelAccuracies(retain=np.full(16, 0.5), test=np.full(16, 0.4))
    uneven = ModelAccuracies(retain=np.tile([0.1, 0.9], 8), test=np.full(16, 0.4))
    plain = score_errors(unlearned, oracle, EXACT, n_draws=30)
    same = score_errors(unlearned, oracle, EXACT, accuracies=(even, even), n_draws=30)
    noisy = score_errors(unlearned, oracle, EXACT, accuracies=(uneven, even), n_draws=30)
    assert same.final_score == pytest.approx(plain.forgetting_quality)
    assert same.forgetting_quality == noisy.forgetting_quality == plain.forgetting_quality
    assert noisy.final_score > plain.final_score


def test_the_seed_decides() -> None:
    one, again, other = (
        score_errors(*banks(3), COMPETITION, n_draws=5, seed=seed) for seed in (1, 1, 2)
    )
    assert one == again != other


@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_the_error_is_the_deviation_over_fresh_models(bias: float) -> None:
    rng = np.random.default_rng(4)
    found = []
    for seed in range(40):
        unlearned = normal_bank(rng, 32, 40, bias=bias, rho=0.5)
        oracle = normal_bank(rng, 32, 40, rho=0.5)
        error = score_errors(unlearned, oracle, COMPETITION, n_draws=10, seed=seed)
        value = forgetting_quality(unlearned, oracle, COMPETITION).value
        found.append((value, error.forgetting_quality))
    values, errors = np.array(found).T
    assert 0.7 < errors.mean() / values.std(ddof=1) < 1.5


def test_originals_that_differ_widen_the_error_and_are_seen() -> None:
    rng = np.random.default_rng(5)
    originals = np.arange(32) % 8
    blind, apart, alike = [], [], []
    for seed in range(8):
        oracle = normal_bank(rng, 32, 40)
        far, near = (
            normal_bank_from_originals(rng, originals, 40, between=share, bias=0.5, rho=0.5)
            for share in (0.6, 0.0)
        )
        options = {"n_draws": 20, "seed": seed}
        blind.append(score_errors(far, oracle, EXACT, **options).forgetting_quality)
        apart.append(score_errors(far, oracle, EXACT, originals=originals, **options))
        alike.append(score_errors(near, oracle, EXACT, originals=originals, **options))
    assert np.mean([one.forgetting_quality for one in apart]) > 1.3 * np.mean(blind)
    between = [
        np.mean([one.between_originals_sd or 0.0 for one in each]) for each in (apart, alike)
    ]
    assert between[0] > 2 * between[1]


BANK = np.random.default_rng(10).normal(size=(4, 3))
ONES = ModelAccuracies(np.ones(3), np.ones(3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: score_errors(BANK, BANK, EXACT, n_draws=1), "`n_draws` must be at least 2, got 1"),
        (lambda: score_errors(BANK[:2], BANK[:2], EXACT), "got 2 models of 1 originals"),
        (lambda: score_errors(BANK, BANK, EXACT, originals=[0, 1]), r"4 models, got shape \(2,\)"),
        (
            lambda: score_errors(BANK, BANK, EXACT, accuracies=(ONES, ONES)),
            "of the unlearned models must be of 4 models, got 3",
        ),
        (lambda: score_errors(BANK, BANK[:3], EXACT), "must have the same shape"),
    ],
)
def test_bad_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
