from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.klom import jeffreys_divergence, klom
from tests.metric._samples import KINDS
from tests.reference import kl_of_histograms


@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_slow_version(kind: str) -> None:
    unlearned, oracle = KINDS[kind](np.random.default_rng(5), (40, 6))
    for first, second in ((unlearned, oracle), (oracle, unlearned)):
        expected = [kl_of_histograms(first[:, s], second[:, s]) for s in range(6)]
        np.testing.assert_allclose(klom(first, second), expected, atol=1e-12)


def test_worked_by_hand() -> None:
    # Shares 3/4 and 1/4 against 1/2 and 1/2, in the first and the last bin.
    unlearned, oracle = np.array([[0.0, 0, 0, 1]]).T, np.array([[0.0, 0, 1, 1]]).T
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert klom(unlearned, oracle)[0] == pytest.approx(expected)
    assert klom(oracle, unlearned)[0] != pytest.approx(expected)


def test_the_largest_value_is_counted() -> None:
    unlearned, oracle = np.array([[0.0, 1.0]]).T, np.array([[0.0, 0.5]]).T
    assert klom(unlearned, oracle)[0] == pytest.approx(0.5 * math.log(0.5 / 1e-5))


def test_best_and_worst_case() -> None:
    bank = np.random.default_rng(0).normal(size=(30, 4))
    np.testing.assert_array_equal(klom(bank, bank), 0)
    np.testing.assert_allclose(klom(bank + 1000, bank - 1000), math.log(1e5))
    np.testing.assert_array_equal(klom(np.ones((3, 1)), np.ones((3, 1))), 0)


def test_bad_banks_are_named() -> None:
    with pytest.raises(ValueError, match="`unlearned` must be finite"):
        klom(np.full((2, 1), np.nan), np.zeros((2, 1)))


def normal_kl(mean: float, sd: float, other_mean: float, other_sd: float) -> float:
    return math.log(other_sd / sd) + (sd**2 + (mean - other_mean) ** 2) / (2 * other_sd**2) - 0.5


def test_jeffreys_is_the_sum_of_both_divergences_of_normal_laws() -> None:
    rng = np.random.default_rng(0)
    unlearned, oracle = rng.normal(1.0, 2.0, (20, 4)), rng.normal(0.0, 1.0, (20, 4))
    laws = [(bank.mean(axis=0), bank.std(axis=0, ddof=1)) for bank in (unlearned, oracle)]
    found = jeffreys_divergence(unlearned, oracle)
    for s in range(4):
        first, second = ((mean[s], sd[s]) for mean, sd in laws)
        expected = normal_kl(*first, *second) + normal_kl(*second, *first)
        assert found[s] == pytest.approx(expected)
    np.testing.assert_allclose(jeffreys_divergence(oracle, unlearned), found)
    np.testing.assert_allclose(jeffreys_divergence(3 * unlearned, 3 * oracle), found)


def test_jeffreys_between_banks_of_one_law_is_what_is_documented() -> None:
    unlearned, oracle = np.random.default_rng(1).normal(size=(2, 64, 2000))
    assert jeffreys_divergence(unlearned, oracle).mean() == pytest.approx(4 / 64, rel=0.1)


@pytest.mark.parametrize("n_models", [32, 64, 256])
@pytest.mark.parametrize("fault", ["spread", "one outlier", "outliers"])
def test_jeffreys_rates_worse_than_retraining_what_klom_rates_better(
    n_models: int, fault: str
) -> None:
    rng = np.random.default_rng(2)
    unlearned, control, oracle = rng.normal(size=(3, n_models, 400))
    if fault == "spread":
        unlearned *= 0.7
    else:
        n_off = 1 if fault == "one outlier" else round(0.05 * n_models)
        unlearned[:n_off] += 8.0
    ratio = {
        one: one(unlearned, oracle).mean() / one(control, oracle).mean()
        for one in (klom, jeffreys_divergence)
    }
    assert ratio[jeffreys_divergence] > 2.0
    if n_models == 64:
        assert ratio[klom] < 1.0


def test_jeffreys_of_banks_without_spread_is_cut() -> None:
    varying = np.random.default_rng(3).normal(size=(5, 2))
    constant = np.ones((5, 2))
    for banks in ((varying, constant), (constant, varying), (constant, constant + 1.0)):
        np.testing.assert_array_equal(jeffreys_divergence(*banks), 100.0)
    np.testing.assert_array_equal(jeffreys_divergence(constant, constant), 0.0)
