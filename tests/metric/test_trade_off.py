"""The pooled attack against closed forms and a slow count."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from scorer.metric.trade_off import pooled_trade_off


def slow_auc(own: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of pairs that a threshold orders rightly, ties half."""
    differences = own[:, np.newaxis] - truth
    auc = float(((differences > 0) + 0.5 * (differences == 0)).mean())
    return max(auc, 1 - auc)


@pytest.mark.parametrize("seed", range(3))
def test_the_area_is_that_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    unlearned = rng.integers(0, 5, (6, 7)).astype(float) + rng.normal(size=7)
    oracle = rng.integers(1, 6, (6, 7)).astype(float) + rng.normal(size=7)
    together = np.concatenate([unlearned, oracle])
    z = [((bank - together.mean(0)) / together.std(0)).ravel() for bank in (unlearned, oracle)]
    found = pooled_trade_off(unlearned, oracle)
    assert found.auc == pytest.approx(slow_auc(*z), abs=1e-12)


@pytest.mark.parametrize("shift", [-1.0, 0.5, 2.0])
def test_a_normal_shift_has_its_known_area(shift: float) -> None:
    rng = np.random.default_rng(0)
    banks = rng.normal(size=(400, 50)) + shift, rng.normal(size=(400, 50))
    found = pooled_trade_off(*banks)
    assert found.auc == pytest.approx(norm.cdf(abs(shift) / np.sqrt(2)), abs=0.01)
    expected = norm.sf(norm.isf(0.1) - abs(shift))
    assert found.tpr_at(0.1) == pytest.approx(expected, abs=0.02)


def test_curves_rise_from_nothing_to_everything() -> None:
    rng = np.random.default_rng(1)
    found = pooled_trade_off(rng.normal(size=(8, 9)) + 1, rng.normal(size=(8, 9)))
    assert (np.diff(found.fpr) > 0).all() and (np.diff(found.tpr) >= 0).all()
    assert found.fpr[0] == 0 and found.fpr[-1] == 1 and found.tpr[-1] == 1


def test_equal_banks_are_guessing_and_separate_ones_are_told() -> None:
    bank = np.arange(12.0).reshape(4, 3)
    assert pooled_trade_off(bank, bank).auc == pytest.approx(0.5)
    assert pooled_trade_off(np.ones((3, 2)), np.ones((3, 2))).auc == pytest.approx(0.5)
    assert pooled_trade_off(bank + 100, bank).auc == 1.0
    assert pooled_trade_off(bank - 100, bank).tpr_at(0.0) == 1.0


def test_units_of_examples_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    banks = rng.normal(size=(8, 9)) + 1, rng.normal(size=(8, 9))
    scale, move = rng.uniform(0.1, 9, 9), rng.normal(size=9)
    other = pooled_trade_off(*(bank * scale + move for bank in banks))
    assert other.auc == pytest.approx(pooled_trade_off(*banks).auc)


def test_malformed_banks_are_refused() -> None:
    with pytest.raises(ValueError, match="must have the same shape"):
        pooled_trade_off(np.zeros((3, 2)), np.zeros((4, 2)))
