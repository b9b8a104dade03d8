from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.klom import klom
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
