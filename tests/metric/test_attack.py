"""Cross-fitted attacks on several numbers an example, where it is known what can be told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from scorer.metric.attack import cross_fitted_attack, fit_ridge


def banks(n_models: int, width: int, shift: float, seed: int = 0) -> list[np.ndarray]:
    """Return normal numbers of two banks, of which the first column of one is shifted."""
    rng = np.random.default_rng(seed)
    found = [rng.normal(size=(n_models, 20, width)) for _ in range(2)]
    found[0][..., 0] += shift
    return found


@pytest.mark.parametrize(("n_models", "width"), [(5, 1), (16, 8), (40, 3)])
def test_equal_laws_get_a_half_whatever_the_numbers(n_models: int, width: int) -> None:
    found = [
        cross_fitted_attack(*banks(n_models, width, 0.0, seed), n_permutations=1).auc
        for seed in range(30)
    ]
    error = np.std(found, ddof=1) / 30**0.5
    assert abs(np.mean(found) - 0.5) < 3 * error
    assert error < 0.02


def test_a_shift_gets_nearly_the_auc_of_its_laws() -> None:
    found = cross_fitted_attack(*banks(64, 1, 2.0))
    # Of two normal laws 2 apart: Phi(2 / sqrt(2)).
    assert abs(found.auc - 0.921) < 3 * found.standard_error
    assert found.p_value == 1 / 200
    assert found.aucs.shape == (20,) and found.auc == found.aucs.mean()


def test_the_error_is_that_of_fresh_models_or_larger() -> None:
    found = [cross_fitted_attack(*banks(16, 2, 1.0, seed), n_permutations=1) for seed in range(40)]
    spread = np.std([one.auc for one in found], ddof=1)
    claimed = np.mean([one.standard_error**2 for one in found]) ** 0.5
    assert 0.9 * spread < claimed < 2.5 * spread


def test_the_p_value_of_equal_laws_is_uniform() -> None:
    found = [
        cross_fitted_attack(*banks(8, 2, 0.0, seed), n_permutations=9).p_value for seed in range(80)
    ]
    assert 0.25 < np.mean(np.array(found) <= 0.5) < 0.75
    assert np.mean(np.array(found) <= 0.1) < 0.25


def test_no_model_is_judged_by_what_was_fitted_to_it() -> None:
    # As many columns as models: an attack that saw its models would know each by heart.
    assert cross_fitted_attack(*banks(10, 40, 0.0), n_permutations=1).auc < 0.65


def test_what_two_columns_tell_only_together_is_found() -> None:
    rng = np.random.default_rng(0)
    shared, own = rng.normal(size=(2, 2, 64, 20))
    sides = [
        np.stack([s + 0.1 * o + d, s - d], axis=-1)
        for s, o, d in zip(shared, own, (0.1, -0.1), strict=True)
    ]
    alone = cross_fitted_attack(sides[0][..., :1], sides[1][..., :1], n_permutations=1)
    both = cross_fitted_attack(*sides, n_permutations=1)
    assert both.auc > 0.95 > 0.7 > alone.auc


def test_runs_of_one_original_are_left_out_together() -> None:
    rng = np.random.default_rng(1)
    oracle = rng.normal(size=(32, 20, 1))
    # What an original leaves in its runs moves all of them.
    unlearned = np.repeat(rng.normal(size=(4, 1, 1)), 8, axis=0) + rng.normal(size=(32, 20, 1))
    originals = np.repeat(np.arange(4), 8)
    alone = cross_fitted_attack(unlearned, oracle, n_permutations=1)
    whole = cross_fitted_attack(unlearned, oracle, originals=originals, n_permutations=1)
    assert whole.auc == alone.auc
    assert whole.standard_error > 1.5 * alone.standard_error


def test_constant_columns_and_copies_are_no_trouble() -> None:
    unlearned, oracle = banks(12, 3, 0.0)
    for bank in (unlearned, oracle):
        bank[..., 1] = 0.1
    varying = [0, 2]
    found = cross_fitted_attack(unlearned, oracle, n_permutations=9)
    expected = cross_fitted_attack(unlearned[..., varying], oracle[..., varying], n_permutations=9)
    np.testing.assert_allclose(found.aucs, expected.aucs)
    assert cross_fitted_attack(oracle, oracle * 0.0, n_permutations=9).auc > 0.4
    assert cross_fitted_attack(oracle * 0.0, oracle * 0.0, n_permutations=9).auc == 0.5


def test_blocks_of_examples_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = banks(12, 4, 0.5)
    whole = cross_fitted_attack(*sides, n_permutations=19)
    monkeypatch.setattr("scorer.metric.attack.VALUES_AT_ONCE", 1)
    parts = cross_fitted_attack(*sides, n_permutations=19)
    np.testing.assert_allclose(parts.aucs, whole.aucs)
    assert (parts.p_value, parts.auc) == (whole.p_value, pytest.approx(whole.auc))
    assert parts.standard_error == pytest.approx(whole.standard_error)


def test_ridge_is_the_textbooks() -> None:
    rng = np.random.default_rng(2)
    models, others = rng.normal(size=(12, 3, 4)), rng.normal(size=(5, 3, 4))
    labels = np.stack([np.repeat([1.0, -1.0], 6), np.tile([1.0, -1.0], 6)], axis=1)
    found = fit_ridge(models, labels, others)
    for example in range(3):
        mean, spread = models[:, example].mean(axis=0), models[:, example].std(axis=0)
        x = (models[:, example] - mean) / spread
        weights = np.linalg.inv(x.T @ x + np.eye(4)) @ x.T @ labels
        expected = (others[:, example] - mean) / spread @ weights
        np.testing.assert_allclose(found[example], expected)


REFUSED: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "two axes": (lambda bank: bank[..., 0], r"`unlearned` must have shape \(n_models, n_exam"),
    "another width": (lambda bank: bank[..., :1], "must have the same shape"),
    "fewer models": (lambda bank: bank[:4], "must have the same shape"),
    "no number": (lambda bank: np.where(bank > 1, np.nan, bank), "`unlearned` must be finite"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_bank_is_refused(name: str) -> None:
    change, message = REFUSED[name]
    unlearned, oracle = banks(6, 2, 0.0)
    with pytest.raises(ValueError, match=message):
        cross_fitted_attack(change(unlearned), oracle)


def test_too_few_models_are_refused() -> None:
    with pytest.raises(ValueError, match="a standard error needs 2 models"):
        cross_fitted_attack(*banks(2, 1, 0.0))
    with pytest.raises(ValueError, match="`n_permutations` must be at least 1"):
        cross_fitted_attack(*banks(6, 1, 0.0), n_permutations=0)
