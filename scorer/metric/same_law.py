"""Whether a few models made anew are of the law of many that were kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import check_bank, check_positive
from scorer.metric.draws import p_value, permutations


def same_law_p_value(
    few: ArrayLike, many: ArrayLike, *, n_permutations: int = 999, seed: int = 0
) -> float:
    """Return the p-value of the hypothesis that all models are of one law, by exchange.

    The statistic is the squared difference of the mean confidences, in standard deviations of all
    models, averaged over examples. It sees models that are off together, such as those of another
    recipe or of another file.

    Args:
        few: `(n_few, n_examples)` confidences, at least one model.
        many: `(n_many, n_examples)` confidences, at least two.
        n_permutations: at least 1; the smallest p-value is `1 / (n_permutations + 1)`.
        seed: of the exchanges.

    Raises:
        ValueError: a bank is malformed, or they are not of the same examples.
    """
    kept = check_bank("many", many)
    models = check_bank("few and many", np.concatenate([np.atleast_2d(few), kept]))
    check_positive("n_permutations", n_permutations)
    n_models, n_few = len(models), len(models) - len(kept)
    check_positive("models in `few`", n_few)
    spread = models.std(axis=0)
    units = (models - models.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    orders = permutations(np.random.default_rng(seed), n_models, n_permutations)[:, :n_few]
    drawn = np.array([_distance(units[order]) for order in orders])
    # Rounding must not make an exchange of equal models look closer than they are.
    return p_value(drawn >= _distance(units[:n_few]) - 1e-12)


def _distance(few: np.ndarray) -> float:
    """Return how far a few standardised models are from the mean of all."""
    return float(np.square(few.mean(axis=0)).mean())
