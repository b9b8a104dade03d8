"""The score of perfect unlearning: retrained models against retrained models, paired many times.

Oracles and controls are 2N models of one law. Any N of them against the others is one draw of what
a perfect method gets; the mean over many such pairings has the same expectation and a fraction of
the variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_same_shape
from scorer.metric.draws import check_accuracies, permutations, points_of_draws, utility_of_draws
from scorer.metric.jackknife import MIN_DRAWS, error_over_draws
from scorer.metric.rules import Rule
from scorer.metric.utility import ModelAccuracies


@dataclass(frozen=True, eq=False)
class Ceiling:
    """What perfect unlearning gets, on average over pairings.

    Attributes:
        forgetting_quality: F in `[0, 1]`.
        forgetting_quality_se: its standard error, over models, examples and pairings.
        final_score: F times the utility ratios.
        final_score_se: its standard error.
        points: float64 `(n_examples,)` in `[0, 1]`; F is their mean.
    """

    forgetting_quality: float
    forgetting_quality_se: float
    final_score: float
    final_score_se: float
    points: FloatArray


def repaired_ceiling(
    control: ArrayLike,
    oracle: ArrayLike,
    rule: Rule,
    *,
    accuracies: tuple[ModelAccuracies, ModelAccuracies] | None = None,
    n_pairings: int = 100,
    seed: int = 0,
) -> Ceiling:
    """Return the mean score of N of 2N retrained models against the others.

    What an error common to all examples of a model does to F comes from a difference between the
    two sides, which pairings average away: what is left of it is the error of a mean over
    `n_pairings`. What single examples do stays, and is seen in the spread of their mean points.

    Args:
        control: `(n_models, n_examples)` confidences of the control bank.
        oracle: the same of the oracles.
        rule: see `scorer.metric.rules.make_rule`.
        accuracies: of controls and oracles; without them the utility ratios are taken as 1.
        n_pairings: at least 2.
        seed: of the pairings.

    Raises:
        ValueError: a bank is malformed, accuracies of another number of models, or fewer than 2
            pairings.
    """
    models = np.concatenate(check_same_shape(control=control, oracle=oracle))
    if n_pairings < MIN_DRAWS:
        raise ValueError(f"`n_pairings` must be at least {MIN_DRAWS}, got {n_pairings}")
    n_models = len(models) // 2
    order = permutations(np.random.default_rng(seed), 2 * n_models, n_pairings)
    sides = order[:, :n_models], order[:, n_models:]
    points = points_of_draws(models, sides[0], models, sides[1], rule)
    final_points = points
    if accuracies is not None:
        check_accuracies(n_models, control=accuracies[0], oracle=accuracies[1])
        both = ModelAccuracies(
            retain=np.concatenate([bank.retain for bank in accuracies]),
            test=np.concatenate([bank.test for bank in accuracies]),
        )
        final_points = points * utility_of_draws(both, sides[0], both, sides[1])[:, np.newaxis]
    quality, final = (
        (float(each.mean()), error_over_draws(each.mean(axis=0), each, 1 / n_pairings))
        for each in (points, final_points)
    )
    return Ceiling(*quality, *final, points.mean(axis=0))


def relative_score_error(
    final_score: float, final_score_se: float, ceiling: float, ceiling_se: float
) -> float:
    """Return the standard error of a final score over its ceiling.

    The two are taken as independent, though both are of the same oracles: that errs to the safe
    side, and little, since the ceiling's error is the smaller one by far.

    Args:
        final_score: of the unlearned models.
        final_score_se: its standard error.
        ceiling: final score of the ceiling, above 0.
        ceiling_se: its standard error.
    """
    return math.hypot(final_score_se / ceiling, final_score * ceiling_se / ceiling**2)
