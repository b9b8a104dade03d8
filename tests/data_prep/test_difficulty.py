from __future__ import annotations

import numpy as np
import pytest

from data_prep import half_masks, out_of_sample_mean

LABELS = np.repeat([0, 1, 2], [11, 20, 7])[np.random.default_rng(1).permutation(38)]


def test_every_example_is_out_of_exactly_half_of_the_models():
    masks = half_masks(LABELS, 6, seed=0)
    assert masks.shape == (6, 38)
    assert masks.dtype == bool
    assert (masks.sum(axis=0) == 3).all()
    np.testing.assert_array_equal(masks[1::2], ~masks[::2])


def test_every_model_gets_half_of_each_class():
    for mask in half_masks(LABELS, 8, seed=5):
        counts = np.bincount(LABELS[mask], minlength=3)
        assert (np.abs(counts - np.bincount(LABELS) / 2) <= 0.5).all()
        assert mask.sum() == 19


def test_masks_depend_on_the_seed_and_on_nothing_else():
    masks = half_masks(LABELS, 4, seed=0)
    np.testing.assert_array_equal(masks, half_masks(LABELS, 4, seed=0))
    np.testing.assert_array_equal(masks, half_masks(LABELS, 8, seed=0)[:4])
    assert (masks[0] != half_masks(LABELS, 4, seed=1)[0]).any()
    assert (masks[0] != masks[2]).any()


def test_halves_are_random():
    """Two examples of a class are together in about half of the models, whatever their places."""
    masks = half_masks(np.zeros(10, np.int64), 2_000, seed=0)
    together = (masks[:, :, None] & masks[:, None, :]).mean(axis=0)
    off_diagonal = together[~np.eye(10, dtype=bool)]
    # 5 of 10 without replacement: 1/2 * 4/9, standard deviation at most 0.5 / sqrt(2000) = 0.011.
    np.testing.assert_allclose(off_diagonal, 2 / 9, atol=0.05)


@pytest.mark.parametrize("n_models", [0, 1, 3, -2])
def test_an_odd_number_of_models_is_refused(n_models):
    with pytest.raises(ValueError, match="`n_models` must be even"):
        half_masks(LABELS, n_models, seed=0)


@pytest.mark.parametrize("labels", [[0], [[0, 1]], [0.0, 1.0]])
def test_labels_that_are_none_are_refused(labels):
    with pytest.raises(ValueError, match="`labels` must be"):
        half_masks(labels, 2, seed=0)


def test_mean_is_over_the_models_that_did_not_train_on_the_example():
    confidences = [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0], [100.0, 200.0, 300.0]]
    masks = [[True, False, False], [False, True, False], [False, False, False]]
    np.testing.assert_allclose(out_of_sample_mean(confidences, masks), [55, 101, 111])


def test_mean_agrees_with_a_loop():
    masks = half_masks(LABELS, 10, seed=2)
    confidences = np.random.default_rng(0).normal(size=(10, 38))
    expected = [confidences[~masks[:, k], k].mean() for k in range(38)]
    np.testing.assert_allclose(out_of_sample_mean(confidences, masks), expected)


def test_an_example_that_every_model_saw_is_refused():
    with pytest.raises(ValueError, match="example 1 is in all"):
        out_of_sample_mean(np.zeros((2, 2)), [[True, True], [False, True]])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_confidence_that_is_not_finite_is_refused_even_in_sample(bad):
    with pytest.raises(ValueError, match="at model 0, example 1"):
        out_of_sample_mean([[0.0, bad], [0.0, 0.0]], [[False, True], [True, False]])


@pytest.mark.parametrize("masks", [np.zeros((2, 3), bool), np.zeros((3, 2)), np.zeros(6, bool)])
def test_masks_that_do_not_fit_are_refused(masks):
    with pytest.raises(ValueError, match="must have the same shape"):
        out_of_sample_mean(np.zeros((3, 2)), masks)
