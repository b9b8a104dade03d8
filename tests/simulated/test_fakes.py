"""Fakes are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.simulated.banks import normal_bank
from scorer.simulated.fakes import FAKES

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
