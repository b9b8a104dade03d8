from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.confidence import logit_scaled_confidence


def test_equals_the_log_odds_of_the_softmax() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 3, (4, 50, 7)), rng.integers(7, size=50)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    own = np.take_along_axis(probabilities, np.broadcast_to(labels[:, None], (4, 50, 1)), axis=-1)
    expected = np.log(own[..., 0]) - np.log1p(-own[..., 0])
    np.testing.assert_allclose(logit_scaled_confidence(logits, labels), expected, atol=1e-9)


def test_agrees_with_the_released_formula_where_its_floor_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(0, 8, (200, 10)), rng.integers(10, size=200)
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    own = probabilities[np.arange(200), labels]
    probabilities[np.arange(200), labels] = 0
    released = np.log(own + 1e-45) - np.log(probabilities.sum(axis=1) + 1e-45)
    np.testing.assert_allclose(logit_scaled_confidence(logits, labels), released, atol=1e-6)


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e30, 1e300])
def test_is_exact_for_huge_logits(scale: float) -> None:
    confidences = logit_scaled_confidence([[scale, 0.0], [-scale, 0.0]], [0, 0])
    np.testing.assert_array_equal(confidences, [scale, -scale])


def test_shift_of_all_logits_changes_nothing() -> None:
    logits = np.random.default_rng(2).normal(size=(20, 5))
    labels = np.arange(20) % 5
    shifted = logit_scaled_confidence(logits + 1000.0, labels)
    np.testing.assert_allclose(shifted, logit_scaled_confidence(logits, labels), atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_any_dtype_gives_float64_and_leaves_the_input_alone(dtype: type) -> None:
    logits: np.ndarray = (np.arange(24).reshape(2, 3, 4) % 5).astype(dtype)
    before = logits.copy()
    confidences = logit_scaled_confidence(logits, np.array([0, 1, 3]))
    assert confidences.dtype == np.float64
    assert confidences.shape == (2, 3)
    np.testing.assert_array_equal(logits, before)
    expected = logit_scaled_confidence(logits.astype(np.float64), [0, 1, 3])
    np.testing.assert_array_equal(confidences, expected)


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (
            [1.0, 2.0],
            [0],
            r"`logits` must have shape \(\.\.\., n_examples, n_classes\), got \(2,\)",
        ),
        ([[1.0], [2.0]], [0, 0], r"at least 2 classes.*got shape \(2, 1\)"),
        ([[1.0, 2.0]], [2], r"`labels` must be in \[0, 2\), got values from 2 to 2"),
        ([[1.0, 2.0]], [-1], r"`labels` must be in \[0, 2\), got values from -1 to -1"),
        ([[1.0, 2.0]], [0.0], r"`labels` must be integers, got dtype float64"),
        ([[1.0, 2.0]], [0, 1, 0], r"`labels` of shape \(3,\) must broadcast to \(1,\)"),
        ([[1.0, np.nan]], [0], r"`logits` must be finite, got 1 NaN"),
    ],
)
def test_bad_arguments_are_named(logits: list, labels: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        logit_scaled_confidence(logits, labels)
