"""Models made again are of the law of the stored ones, or are told to be of another."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.same_law import same_law_p_value
from scorer.simulated.banks import normal_bank


@pytest.mark.parametrize("n_few", [1, 2, 5])
def test_p_keeps_its_level_whatever_the_examples_share(n_few: int) -> None:
    rng = np.random.default_rng(0)
    found = [
        same_law_p_value(*np.split(normal_bank(rng, 20 + n_few, 30, rho=0.5), [n_few]),
                         n_permutations=99)
        for _ in range(200)
    ]  # fmt: skip
    assert np.mean(np.array(found) <= 0.1) <= 0.1 + 3 * (0.09 / 200) ** 0.5
    assert np.mean(np.array(found) <= 0.5) > 0.3


@pytest.mark.parametrize(("bias", "spread"), [(1.0, 1.0), (-1.0, 1.0), (0.0, 5.0)])
def test_models_of_another_law_are_told(bias: float, spread: float) -> None:
    rng = np.random.default_rng(1)
    few = normal_bank(rng, 3, 130, bias=bias, spread=spread, rho=0.1)
    assert same_law_p_value(few, normal_bank(rng, 64, 130, rho=0.1)) <= 0.01


def test_copies_and_constants_are_no_difference() -> None:
    bank = np.random.default_rng(2).normal(size=(8, 5))
    assert same_law_p_value(bank[:2], bank) > 0.05
    assert same_law_p_value(np.ones((2, 3)), np.ones((8, 3))) == 1.0


def test_bad_banks_are_named() -> None:
    with pytest.raises(ValueError, match="`many` must have shape"):
        same_law_p_value(np.zeros((1, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="must be finite"):
        same_law_p_value(np.full((1, 3), np.nan), np.zeros((4, 3)))
    with pytest.raises(ValueError, match="`models in `few`` must be at least 1"):
        same_law_p_value(np.zeros((0, 3)), np.zeros((4, 3)))
