from __future__ import annotations

import math

import numpy as np
import pytest

from scorer.metric.diagnosis import diagnose, tiny_spread_share
from scorer.metric.rules import make_rule


def test_known_shift_and_scale_are_recovered() -> None:
    oracle = np.random.default_rng(0).normal(3, 2, (400, 5))
    centre = oracle.mean(axis=0)
    found = diagnose(centre + 0.5 * (oracle - centre) - 1.0, oracle)
    np.testing.assert_allclose(found.mean_errors, -1.0 / oracle.std(axis=0, ddof=1))
    np.testing.assert_allclose(found.log_spread_errors, math.log(0.5))
    assert found.log_spread_error_bias == pytest.approx(math.log(0.5))
    assert found.log_spread_error_rms == pytest.approx(-math.log(0.5))
    assert found.mean_error_bias == pytest.approx(-0.5, abs=0.05)
    assert (found.n_undefined, found.n_collapsed) == (0, 0)


def test_opposite_errors_cancel_in_the_bias_only() -> None:
    bank = np.random.default_rng(1).normal(size=(50, 2))
    found = diagnose(bank + [1.0, -1.0] * bank.std(axis=0, ddof=1), bank)
    assert found.mean_error_bias == pytest.approx(0, abs=1e-12)
    assert found.mean_error_rms == pytest.approx(1)


def test_a_second_bank_gets_the_documented_rms() -> None:
    rng = np.random.default_rng(2)
    found = diagnose(rng.normal(size=(64, 2000)), rng.normal(size=(64, 2000)))
    assert found.mean_error_rms == pytest.approx(math.sqrt(2 / 64), rel=0.1)
    assert found.log_spread_error_rms == pytest.approx(math.sqrt(1 / 64), rel=0.1)


def test_runs_without_spread_are_shown_as_minus_infinity() -> None:
    oracle = np.random.default_rng(3).normal(size=(10, 3))
    unlearned = oracle.copy()
    unlearned[:, 1] = 0.1
    found = diagnose(unlearned, oracle)
    assert found.log_spread_errors[1] == -math.inf
    assert found.log_spread_error_bias == -math.inf
    assert found.log_spread_error_rms == math.inf
    assert found.n_collapsed == 1
    assert math.isfinite(found.mean_error_bias)


def test_oracles_without_spread_are_left_out_and_counted() -> None:
    oracle = np.random.default_rng(4).normal(size=(10, 3))
    oracle[:, 0] = 0.1
    found = diagnose(oracle[:, ::-1], oracle)
    assert math.isnan(found.mean_errors[0]) and math.isnan(found.log_spread_errors[0])
    assert found.n_undefined == 1
    assert found.mean_error_bias == pytest.approx(np.mean(found.mean_errors[1:]))
    nothing = diagnose(oracle, np.ones((10, 3)))
    assert nothing.n_undefined == 3
    assert math.isnan(nothing.mean_error_bias) and math.isnan(nothing.log_spread_error_rms)


def test_bad_banks_are_named() -> None:
    with pytest.raises(ValueError, match="`oracle` must be finite"):
        diagnose(np.zeros((2, 1)), np.full((2, 1), np.nan))


def test_tiny_spreads_of_either_bank_are_counted() -> None:
    rng = np.random.default_rng(5)
    unlearned, oracle = rng.normal(size=(2, 40, 8))
    assert tiny_spread_share(unlearned, oracle, 0.1) == 0.0
    unlearned[:, :2] *= 0.01
    oracle[:, 1:4] *= 0.01
    assert tiny_spread_share(unlearned, oracle, 0.1) == 4 / 8
    # Without any spread it is another fault, counted elsewhere.
    unlearned[:, 0] = 1.0
    assert tiny_spread_share(unlearned, oracle, 0.1) == 3 / 8


def test_only_a_rule_with_a_unit_has_a_least_spread() -> None:
    tiny = 0.01 * np.random.default_rng(6).normal(size=(2, 20, 3))
    assert tiny_spread_share(*tiny, make_rule("competition").min_spread) == 1.0
    assert tiny_spread_share(*tiny, make_rule("exact").min_spread) == 0.0
