"""Attacks on views: can an unlearned model be told from an oracle by them?

One at a time for each forget example, and by all examples of a model together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.attack import cross_fitted_attack, fit_ridge
from scorer.metric.bounds import epsilon_lower_bounds
from scorer.metric.joint import SetLevelTest, set_level_test


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
    aucs = cross_fitted_attack(*banks, n_permutations=1, seed=seed).aucs
    both, sides = np.concatenate(banks), np.repeat([1.0, -1.0], n_models)
    # Half of the models fit, and the others choose a threshold and certify.
    fitting = np.concatenate([rng.permutation(n_models) < n_models // 2 for _ in banks])
    fresh = fit_ridge(both[fitting], sides[fitting, np.newaxis], both[~fitting])[..., 0].T
    n_fresh = len(fresh) // 2
    bounds = epsilon_lower_bounds(fresh[:n_fresh], fresh[n_fresh:], seed=seed)
    flat = [bank.reshape(n_models, -1) for bank in banks]
    test = set_level_test(*flat, n_permutations=n_permutations, seed=seed)
    return Attacked(aucs, bounds.epsilons_lb, test, n_models)
