"""Arithmetic of out-of-sample confidence: which halves to train on, and the mean over the rest.

An example is hard when models that did not see it give it little confidence. Training those
models is not done here.

Reference: V. Feldman and C. Zhang, What Neural Networks Memorize and Why, 2020, section 3 (models
on random subsets, each example held out of many of them).
"""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_prep.seeding import random_order


def half_masks(labels: ArrayLike, n_models: int, seed: int) -> NDArray[np.bool_]:
    """Return which examples each model is trained on: random halves, stratified by class.

    Masks come in pairs, the second the complement of the first, so every example is held out of
    exactly `n_models / 2` models. In each mask a class has half of its examples, rounded either
    way.

    Args:
        labels: `(n_examples,)` integers.
        n_models: even, at least 2.
        seed: other seeds give unrelated masks.

    Returns:
        `(n_models, n_examples)` bool, True where the model is trained on the example.

    Raises:
        ValueError: `labels` is not a vector of at least two integers, or `n_models` is odd or
            below 2.
    """
    classes = np.asarray(labels)
    if classes.ndim != 1 or classes.size < 2 or not np.issubdtype(classes.dtype, np.integer):
        raise ValueError(
            "`labels` must be a vector of at least two integers, "
            f"got {classes.dtype} of shape {classes.shape}"
        )
    if n_models < 2 or n_models % 2:
        raise ValueError(
            f"`n_models` must be even and at least 2, since masks come in complementary pairs, "
            f"got {n_models}"
        )
    masks = np.zeros((n_models, classes.size), dtype=bool)
    for pair in range(n_models // 2):
        order = random_order(classes.size, "half_masks", operator.index(seed), pair)
        by_class = order[np.argsort(classes[order], kind="stable")]
        # Every second example of a list sorted by class is half of each class.
        masks[2 * pair, by_class[::2]] = True
        masks[2 * pair + 1] = ~masks[2 * pair]
    return masks


def out_of_sample_mean(confidences: ArrayLike, masks: ArrayLike) -> NDArray[np.float64]:
    """Return the mean confidence of each example over the models that were not trained on it.

    Args:
        confidences: `(n_models, n_examples)` finite numbers; higher = surer of the right label.
        masks: `(n_models, n_examples)` bool, True where the model was trained on the example.

    Returns:
        `(n_examples,)` float64; lower = harder.

    Raises:
        ValueError: shapes or dtype do not fit, a confidence is not finite, or an example was
            held out of no model.
    """
    values = np.asarray(confidences, dtype=np.float64)
    inside = np.asarray(masks)
    if values.ndim != 2 or inside.shape != values.shape or inside.dtype != np.bool_:
        raise ValueError(
            "`confidences` and bool `masks` must have the same shape (n_models, n_examples), "
            f"got {values.shape} and {inside.dtype} of shape {inside.shape}"
        )
    if not np.isfinite(values).all():
        model, example = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"`confidences` must be finite, got {values[model, example]} at model {model}, "
            f"example {example}; retrain or leave out that model"
        )
    n_out = (~inside).sum(axis=0)
    if not n_out.all():
        raise ValueError(
            "`masks` must hold every example out of at least one model, but example "
            f"{np.flatnonzero(n_out == 0)[0]} is in all of them; use masks from half_masks"
        )
    mean: NDArray[np.float64] = np.where(inside, 0.0, values).sum(axis=0) / n_out
    return mean
