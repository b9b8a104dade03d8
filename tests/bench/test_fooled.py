"""Fakes are what they say, and the table of what fools which number shows them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scorer.bench._simulations import SIMULATIONS
from scorer.bench._simulations.fakes import FAKES
from scorer.bench._simulations.laws import normal_bank

RIGHT_ON_EACH_EXAMPLE = (
    "nothing: fresh oracles",
    "two algorithms by coin, bias 0.7",
    "the same, signs by example",
    "32 models twice",
    "independent over examples",
    "rho 0.9",
    "the oracles' mean, independent noise",
)
BY_NAME = {fake.name: fake for fake in FAKES}


def banks(name: str, n_models: int = 640) -> tuple[np.ndarray, np.ndarray]:
    """Return models of a fake, and the oracles."""
    rng = np.random.default_rng(0)
    fresh, oracle = (normal_bank(rng, n_models, 130, rho=0.3) for _ in range(2))
    return BY_NAME[name].make(rng, fresh, oracle), oracle


@pytest.mark.parametrize("name", RIGHT_ON_EACH_EXAMPLE)
def test_a_fake_of_the_joint_law_is_right_on_each_example(name: str) -> None:
    fake, oracle = banks(name)
    assert fake.shape == oracle.shape
    np.testing.assert_allclose(fake.mean(axis=0), 0.0, atol=0.25)
    np.testing.assert_allclose(fake.std(axis=0), 1.0, atol=0.2)


def test_other_fakes_are_what_they_say() -> None:
    fake, _ = banks("hole in the middle")
    assert np.abs(fake).min() >= 0.5
    fake, _ = banks("one outlier run", 64)
    assert np.count_nonzero(fake.mean(axis=1) > 4) == 1
    fake, _ = banks("outliers in 5 % of runs")
    assert np.count_nonzero(fake.mean(axis=1) > 4) == 32
    fake, _ = banks("8 models 8 times", 64)
    assert len(np.unique(fake, axis=0)) == 8
    fake, _ = banks("one model with noise 0.3", 64)
    assert fake.std(axis=0).mean() == pytest.approx(0.3, rel=0.05)


def found(name: str, case: int, rounds: int = 1) -> dict[str, Any]:
    """Return one row of a table by its heads."""
    table = SIMULATIONS[name]
    return dict(zip(table.columns, table.simulate(case, rounds), strict=True))


def test_copies_are_seen_by_the_joint_numbers_and_missed_by_f() -> None:
    row = found("fooled", [fake.name for fake in FAKES].index("32 models twice"))
    assert row["exact"] > 0.7 and row["competition"] > 0.7
    assert row["distinct"] == pytest.approx(32, abs=0.5)
    assert (row["AUC"], row["p joint <= .05"]) == (1.0, 1.0)


@pytest.mark.slow
def test_what_is_right_on_each_example_is_told_by_the_joint_numbers() -> None:
    for case, fake in enumerate(FAKES):
        if fake.name in RIGHT_ON_EACH_EXAMPLE:
            row = found("fooled", case, rounds=3)
            is_fake = fake.name != RIGHT_ON_EACH_EXAMPLE[0]
            assert row["p joint <= .05"] == 1.0 if is_fake else row["p joint <= .05"] < 0.5
            assert row["competition"] > 0.75


@pytest.mark.slow
def test_the_set_level_test_keeps_its_size_and_has_power() -> None:
    cases = SIMULATIONS["set_level"].cases
    for number, case in enumerate(cases):
        row = found("set_level", number, rounds=3)
        if case.fake.name == RIGHT_ON_EACH_EXAMPLE[0]:
            # Three standard errors of a share of 120 repeats.
            assert row["p <= .05"] <= 0.05 + 3 * (0.05 * 0.95 / 120) ** 0.5
            assert row["error / true"] == pytest.approx(1.0, abs=0.3)
        elif not case.fake.name.startswith("bias"):
            assert row["p <= .05"] > 0.8
