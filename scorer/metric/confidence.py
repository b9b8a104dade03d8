"""The statistic that the attacks look at: logit-scaled confidence of the true class."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from scorer.metric.arrays import FloatArray


def logit_scaled_confidence(logits: ArrayLike, labels: ArrayLike) -> FloatArray:
    """Return `log p_y - log(1 - p_y)` of the true class, from logits.

    High means that the model is sure of the label; 0 means an even bet. Elsewhere it is called
    margin. With softmax probabilities it equals `z_y - logsumexp(z_k, k != y)`, which is how it is
    computed: no probability is formed, so nothing rounds to 0 or 1.

    Released scorer: adds 1e-45 to both probabilities, so that its values level off at +-103.6, and
    takes the exponential in the precision of the logits. Here values are exact and unbounded; the
    two agree to 1e-6 up to +-89. Clipping would turn distinct models into ties.

    Args:
        logits: `(..., n_examples, n_classes)`, any real dtype, finite; left unchanged.
        labels: integers in `[0, n_classes)`, shape `(n_examples,)` or any shape that broadcasts to
            `logits.shape[:-1]`.

    Returns:
        float64 `(..., n_examples)`.

    Raises:
        ValueError: fewer than two classes, labels that are not integers or are out of range,
            shapes that do not fit, or logits that are not finite.

    Reference:
        Carlini et al. 2022, "Membership inference attacks from first principles", section V.C
        (arXiv 2112.03570).

    Example:
        >>> logit_scaled_confidence([[2.0, 0.0]], [0])
        array([2.])
    """
    scores = np.array(logits, dtype=np.float64)
    if scores.ndim < 2:
        raise ValueError(
            f"`logits` must have shape (..., n_examples, n_classes), got {scores.shape}"
        )
    n_classes = scores.shape[-1]
    if n_classes < 2:
        raise ValueError(
            f"`logits` must have at least 2 classes in the last axis, got shape {scores.shape}; "
            "with one class the probability is always 1 and the confidence infinite"
        )
    if not np.isfinite(scores).all():
        count = int((~np.isfinite(scores)).sum())
        raise ValueError(f"`logits` must be finite, got {count} NaN or infinite values")
    classes = _check_labels(labels, n_classes)
    try:
        classes = np.broadcast_to(classes, scores.shape[:-1])
    except ValueError as error:
        raise ValueError(
            f"`labels` of shape {classes.shape} must broadcast to {scores.shape[:-1]}, "
            f"the shape of `logits` without its classes"
        ) from error
    own = classes[..., np.newaxis]
    of_label = np.take_along_axis(scores, own, axis=-1)[..., 0]
    np.put_along_axis(scores, own, -np.inf, axis=-1)
    return np.asarray(of_label - logsumexp(scores, axis=-1), dtype=np.float64)


def _check_labels(labels: ArrayLike, n_classes: int) -> np.ndarray:
    """Return labels as int64 in range."""
    classes = np.asarray(labels)
    if not np.issubdtype(classes.dtype, np.integer):
        raise ValueError(f"`labels` must be integers, got dtype {classes.dtype}")
    if classes.size and (classes.min() < 0 or classes.max() >= n_classes):
        raise ValueError(
            f"`labels` must be in [0, {n_classes}), got values from {classes.min()} to "
            f"{classes.max()}"
        )
    return classes.astype(np.int64)
