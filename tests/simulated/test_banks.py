"""Simulated banks have the moments that they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.simulated.banks import normal_bank, normal_bank_from_originals


def shares(bank: np.ndarray) -> tuple[float, float, float]:
    """Return mean, variance of an example, and the correlation of two examples over models."""
    correlation = np.corrcoef(bank.T)
    apart = correlation[np.triu_indices(len(correlation), k=1)].mean()
    return float(bank.mean()), float(bank.var(axis=0).mean()), float(apart)


def test_bias_spread_and_rho_are_those_of_the_bank() -> None:
    bank = normal_bank(np.random.default_rng(0), 4000, 8, bias=0.5, spread=0.7, rho=0.3)
    assert shares(bank) == pytest.approx((0.5, 0.49, 0.3), abs=0.04)
    assert shares(normal_bank(np.random.default_rng(1), 4000, 8)) == pytest.approx(
        (0.0, 1.0, 0.0), abs=0.05
    )


def test_runs_of_one_original_share_what_it_carries() -> None:
    originals = np.repeat(np.arange(2000), 2)
    bank = normal_bank_from_originals(
        np.random.default_rng(2), originals, 8, between=0.3, bias=1.0, rho=0.5
    )
    assert shares(bank) == pytest.approx((1.0, 1.0, 0.5), abs=0.05)
    first, second = bank[::2, 0], bank[1::2, 0]
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.3, abs=0.05)
    assert np.corrcoef(first[:-1], second[1:])[0, 1] == pytest.approx(0.0, abs=0.05)
