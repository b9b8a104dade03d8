"""Forgetting quality F: the mean of the points over the forget set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray
from scorer.metric.rules import EpsilonResult, Rule


@dataclass(frozen=True, eq=False)
class ForgettingQuality:
    """F and what it is made of.

    Attributes:
        value: F, mean of `points`, in `[0, 1]`. The oracle itself does not reach 1: read it beside
            the F of a control bank with the same number of models, rule and delta.
        epsilons: float64 `(n_examples,)` in `[0, 50]`.
        points: float64 `(n_examples,)` in `[0, 1]`.
        attacks: which attack won on each example.
    """

    value: float
    epsilons: FloatArray
    points: FloatArray
    attacks: EpsilonResult


def forgetting_quality(unlearned: ArrayLike, oracle: ArrayLike, rule: Rule) -> ForgettingQuality:
    """Return the forgetting quality of a bank of unlearned models.

    Args:
        unlearned: `(n_models, n_examples)` logit-scaled confidences on the forget set, one row for
            each unlearned model; at least 2 models, finite.
        oracle: the same of the oracles, equal shape.
        rule: see `scorer.metric.rules.make_rule`.

    Raises:
        ValueError: an array is malformed; the message names it.

    Reference:
        Technical report of the NeurIPS 2023 unlearning competition, section 4.

    Example:
        >>> from scorer.metric.rules import make_rule
        >>> apart = forgetting_quality([[0.0], [1.0], [2.0]], [[7.0], [8.0], [9.0]],
        ...                            make_rule("exact"))
        >>> apart.value, apart.epsilons
        (0.0, array([50.]))
    """
    attacks = rule.epsilons(unlearned, oracle)
    points = rule.points(attacks.epsilons, attacks.n_models)
    return ForgettingQuality(float(points.mean()), attacks.epsilons, points, attacks)


def strata_means(points: ArrayLike, strata: Sequence[str] | np.ndarray) -> dict[str, float]:
    """Return the mean points of each stratum of the forget set.

    Args:
        points: `(n_examples,)`.
        strata: `(n_examples,)` names, for example "hard" and "random".

    Returns:
        Mean by name, in alphabetical order.

    Raises:
        ValueError: the two are not aligned, or empty.

    Example:
        >>> strata_means([1.0, 0.5, 0.0], ["random", "hard", "hard"])
        {'hard': 0.25, 'random': 1.0}
    """
    values, names = np.asarray(points, dtype=np.float64), np.asarray(strata)
    if values.ndim != 1 or values.shape != names.shape or values.size == 0:
        raise ValueError(
            "`points` and `strata` must have one and the same shape (n_examples,), got "
            f"{values.shape} and {names.shape}"
        )
    return {str(name): float(values[names == name].mean()) for name in np.unique(names)}
