"""Attacks on views: can an unlearned model be told from an oracle by them?

One at a time for each forget example, and by all examples of a model together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.bounds import epsilon_lower_bounds
from scorer.metric.joint import N_FOLDS, SetLevelTest, set_level_test
from scorer.studies.intervals import auc

RIDGE_PENALTY = 1.0
"""Against columns of unit variance: as much as one model."""


@dataclass(frozen=True, eq=False)
class Attacked:
    """What attacks on one view found.

    Attributes:
        aucs: `(n_examples,)` of a cross-fitted attack on each example; 0.5 where it cannot tell.
        epsilons_lb: `(n_examples,)` certified by models that neither fitted nor chose the attack.
        set_level: of all examples together, with its exact p-value.
        n_models: of each side.
    """

    aucs: np.ndarray
    epsilons_lb: np.ndarray
    set_level: SetLevelTest
    n_models: int


def attack(
    unlearned: ArrayLike, oracle: ArrayLike, *, n_permutations: int = 199, seed: int = 0
) -> Attacked:
    """Attack one view of two banks.

    Args:
        unlearned: `(n_models, n_examples, width)`.
        oracle: of the same shape; at least 10 models.
        n_permutations: of the set-level test.
        seed: of folds and splits.
    """
    banks = [np.asarray(bank, dtype=np.float64) for bank in (unlearned, oracle)]
    n_models = len(banks[0])
    rng = np.random.default_rng(seed)
    folds = np.concatenate([rng.permutation(np.arange(n_models) % N_FOLDS) for _ in banks])
    both, sides = np.concatenate(banks), np.repeat([1.0, -1.0], n_models)
    judged = np.empty(both.shape[:2])
    for fold in range(N_FOLDS):
        held = folds == fold
        judged[held] = fit_ridge(both[~held], sides[~held], both[held])
    aucs = auc(judged[:n_models].T, judged[n_models:].T)
    # Half of the models fit, and the others choose a threshold and certify.
    fitting = np.concatenate([rng.permutation(n_models) < n_models // 2 for _ in banks])
    fresh = fit_ridge(both[fitting], sides[fitting], both[~fitting])
    n_fresh = len(fresh) // 2
    bounds = epsilon_lower_bounds(fresh[:n_fresh], fresh[n_fresh:], seed=seed)
    flat = [bank.reshape(n_models, -1) for bank in banks]
    test = set_level_test(*flat, n_permutations=n_permutations, seed=seed)
    return Attacked(aucs, bounds.epsilons_lb, test, n_models)


def fit_ridge(models: np.ndarray, sides: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how other models are judged by a ridge classifier of each example.

    Args:
        models: `(n, n_examples, width)` to fit.
        sides: `(n,)`, 1 or -1.
        others: `(m, n_examples, width)`.

    Returns:
        `(m, n_examples)`, larger for the side 1.
    """
    mean, spread = models.mean(axis=0), models.std(axis=0)
    unit = np.where(spread > 0, spread, 1.0)
    columns = ((models - mean) / unit).transpose(1, 0, 2)
    products = columns.transpose(0, 2, 1) @ columns
    products += RIDGE_PENALTY * np.eye(products.shape[-1])
    target = columns.transpose(0, 2, 1) @ (sides - sides.mean())[:, np.newaxis]
    weights = np.linalg.solve(products, target)
    judged = ((others - mean) / unit).transpose(1, 0, 2) @ weights
    return np.asarray(judged[..., 0].T)
