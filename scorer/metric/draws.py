"""Many draws of models scored at once: what standard errors, ceiling and tests are made of.

Models are drawn whole, with all their examples, since examples of one model depend on each other,
and never twice: duplicates in a bank push the largest epsilon over many thresholds up.
"""

from __future__ import annotations

import numpy as np

from scorer.metric.arrays import FloatArray, IntArray
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import Rule
from scorer.metric.utility import ModelAccuracies

_VALUES_PER_BATCH = 2**22


def permutations(rng: np.random.Generator, n_models: int, n_draws: int) -> IntArray:
    """Return `(n_draws, n_models)` orders of all models."""
    return rng.permuted(np.tile(np.arange(n_models), (n_draws, 1)), axis=1)


def points_of_draws(
    unlearned: FloatArray,
    unlearned_draws: IntArray,
    oracle: FloatArray,
    oracle_draws: IntArray,
    rule: Rule,
    *,
    values_per_batch: int = _VALUES_PER_BATCH,
) -> FloatArray:
    """Return the points of every example in every draw.

    Args:
        unlearned: `(n_models, n_examples)` confidences.
        unlearned_draws: `(n_draws, n_drawn)` indices of the models that stand for it.
        oracle: `(n_oracles, n_examples)` confidences.
        oracle_draws: `(n_draws, n_drawn)`.
        rule: see `scorer.metric.rules.make_rule`.
        values_per_batch: confidences of each bank that are held at once; 32 MiB of float64.

    Returns:
        float64 `(n_draws, n_examples)` in `[0, 1]`; F of a draw is the mean of its row.
    """
    n_draws, n_drawn = unlearned_draws.shape
    n_examples = unlearned.shape[1]
    points = np.empty((n_draws, n_examples))
    size = max(1, values_per_batch // (n_drawn * n_examples))
    sides = (unlearned, unlearned_draws), (oracle, oracle_draws)
    for first in range(0, n_draws, size):
        batch = slice(first, first + size)
        # Draws of a batch go through the rule as further examples.
        own, truth = (bank[each[batch]].swapaxes(0, 1).reshape(n_drawn, -1) for bank, each in sides)
        points[batch] = forgetting_quality(own, truth, rule).points.reshape(-1, n_examples)
    return points


def utility_of_draws(
    unlearned: ModelAccuracies,
    unlearned_draws: IntArray,
    oracle: ModelAccuracies,
    oracle_draws: IntArray,
) -> FloatArray:
    """Return RA_U/RA_R x TA_U/TA_R of every draw `(n_draws,)`; not finite over an accuracy of 0."""

    def product(bank: ModelAccuracies, draws: IntArray) -> FloatArray:
        return np.asarray(bank.retain[draws].mean(axis=1) * bank.test[draws].mean(axis=1))

    with np.errstate(divide="ignore", invalid="ignore"):
        return product(unlearned, unlearned_draws) / product(oracle, oracle_draws)


def check_accuracies(n_models: int, **banks: ModelAccuracies) -> None:
    """Raise ValueError unless all accuracies are of as many models as there are confidences."""
    for name, bank in banks.items():
        if bank.retain.size != n_models:
            raise ValueError(
                f"accuracies of the {name} models must be of {n_models} models, got"
                f" {bank.retain.size}"
            )


def p_value(as_extreme: np.ndarray) -> float:
    """Return the p-value of an exchange; the observed arrangement counts as one of them."""
    return float((1 + np.count_nonzero(as_extreme)) / (as_extreme.size + 1))
