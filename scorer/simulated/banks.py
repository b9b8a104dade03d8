"""Banks of simulated models: what is known of them is what the statistics are held against.

The oracle's law is normal with mean 0 and standard deviation 1 on every example, so that a bias and
a spread are in oracle standard deviations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray


def normal_bank(
    rng: np.random.Generator,
    n_models: int,
    n_examples: int,
    *,
    bias: float = 0.0,
    spread: float = 1.0,
    rho: float = 0.0,
) -> FloatArray:
    """Return independent models of one law; with the defaults, oracles.

    Args:
        rng: source of all randomness.
        n_models: N.
        n_examples: S.
        bias: mean confidence, in oracle standard deviations.
        spread: standard deviation over models, likewise.
        rho: share of the variance, in `[0, 1]`, from an effect common to all examples of a model.

    Returns:
        float64 `(n_models, n_examples)` confidences.
    """
    return bias + spread * _effects(rng, n_models, n_examples, rho)


def normal_bank_from_originals(
    rng: np.random.Generator,
    originals: ArrayLike,
    n_examples: int,
    *,
    between: float,
    bias: float = 0.0,
    spread: float = 1.0,
    rho: float = 0.0,
) -> FloatArray:
    """Return models of the law of `normal_bank`, alike where they start from one original.

    Args:
        rng: source of all randomness.
        originals: int `(n_models,)`, index of the original of each model.
        n_examples: S.
        between: share of the variance, in `[0, 1]`, from an effect common to all models of an
            original; of it, the share `rho` is common to all examples.
        bias: see `normal_bank`.
        spread: likewise.
        rho: likewise.

    Returns:
        float64 `(n_models, n_examples)` confidences.
    """
    index = np.asarray(originals)
    of_original = _effects(rng, int(index.max()) + 1, n_examples, rho)[index]
    of_run = _effects(rng, index.size, n_examples, rho)
    return np.asarray(bias + spread * (between**0.5 * of_original + (1 - between) ** 0.5 * of_run))


def _effects(rng: np.random.Generator, n: int, n_examples: int, rho: float) -> FloatArray:
    """Return `(n, n_examples)` of variance 1, the share `rho` common to all examples of a row."""
    common, own = rng.normal(size=(n, 1)), rng.normal(size=(n, n_examples))
    return np.asarray(rho**0.5 * common + (1.0 - rho) ** 0.5 * own)
