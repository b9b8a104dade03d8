from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.forgetting import forgetting_quality, strata_means
from scorer.metric.rules import RULES, make_rule

GOOD = np.random.default_rng(0).normal(size=(6, 4))


@pytest.mark.parametrize("name", RULES)
def test_is_the_mean_of_the_points(name: str) -> None:
    rng = np.random.default_rng(1)
    rule = make_rule(name)
    unlearned, oracle = rng.normal(0.2, 1, (64, 50)), rng.normal(size=(64, 50))
    quality = forgetting_quality(unlearned, oracle, rule)
    np.testing.assert_array_equal(quality.epsilons, rule.epsilons(unlearned, oracle).epsilons)
    np.testing.assert_array_equal(quality.points, rule.points(quality.epsilons, 64))
    assert quality.value == quality.points.mean()
    assert quality.attacks.n_models == 64


@pytest.mark.parametrize("name", RULES)
def test_best_and_worst_case(name: str) -> None:
    bank = np.random.default_rng(2).normal(size=(32, 10))
    assert forgetting_quality(bank, bank, make_rule(name)).value == 1.0
    assert forgetting_quality(bank + 100, bank, make_rule(name)).value == 0.0
    constant = np.repeat(bank.mean(axis=0, keepdims=True), 32, axis=0)
    assert forgetting_quality(constant, bank, make_rule("competition")).value == 0.0


@pytest.mark.parametrize("name", RULES)
def test_falls_with_the_shift(name: str) -> None:
    rng = np.random.default_rng(3)
    oracle, noise = rng.normal(size=(64, 200)), rng.normal(size=(64, 200))
    values = [
        forgetting_quality(noise + shift, oracle, make_rule(name)).value
        for shift in (0, 0.5, 1, 2, 4)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 5 * values[3]


def _broken(value: float) -> np.ndarray:
    bank = GOOD.copy()
    bank[2, 1] = bank[5, 3] = value
    return bank


@pytest.mark.parametrize(
    ("unlearned", "oracle", "message"),
    [
        (GOOD[0], GOOD, r"`unlearned` must have shape \(n_models, n_examples\), got \(4,\)"),
        (GOOD, GOOD[None], r"`oracle` must have shape .*got \(1, 6, 4\)"),
        (GOOD[:1], GOOD[:1], r"`unlearned` must hold at least 2 models, got 1"),
        (GOOD[:, :0], GOOD[:, :0], r"`unlearned` must hold at least 1 example"),
        (GOOD, GOOD[:5], r"`unlearned` and `oracle` must have the same shape.*\(6, 4\).*\(5, 4\)"),
        (GOOD, GOOD[:, :3], r"must have the same shape"),
        (_broken(np.nan), GOOD, r"`unlearned` must be finite, got 2 .* model 2, example 1"),
        (GOOD, _broken(np.inf), r"`oracle` must be finite, got 2 .* of 24 .* model 2, example 1"),
        (GOOD, _broken(-np.inf), r"`oracle` must be finite"),
        (GOOD, [["a"] * 4] * 6, r"`oracle` must be a real-valued array"),
        (GOOD, GOOD.astype(complex) + 1j, r"`oracle` must be a real-valued array"),
        ([[1.0], [2.0, 3.0]], GOOD, r"`unlearned` must be a real-valued array"),
    ],
)
@pytest.mark.parametrize("name", RULES)
def test_bad_banks_are_named(name: str, unlearned: object, oracle: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        forgetting_quality(unlearned, oracle, make_rule(name))  # type: ignore[arg-type]


def test_strata_are_averaged_apart() -> None:
    means = strata_means([1.0, 0.0, 0.5, 0.5], ["hard", "random", "hard", "random"])
    assert means == {"hard": 0.75, "random": 0.25}


@pytest.mark.parametrize(("points", "strata"), [([1.0], ["a", "b"]), ([], []), ([[1.0]], [["a"]])])
def test_misaligned_strata_are_refused(points: list, strata: list) -> None:
    with pytest.raises(ValueError, match="`points` and `strata` must have one and the same shape"):
        strata_means(points, strata)
