"""Standard errors of a score over models and examples: a quarter of the models is left out at once.

F over all models is known to err with the models and with the forget examples. *Models*: F of three
quarters of them, drawn without replacement, varies by a third of what F itself does in variance, as
for any smooth statistic (the delete-d jackknife). Halves would not do: how steeply F falls with an
error of the mean depends on the number of models, and an error common to all examples of a model
came out too small by a third there. *Examples*: at finite N the points of an example jump, for
which a jackknife is wrong by a factor of its own. But what examples do independently of each other
is seen in their spread. So of the variance between draws only the covariance of different examples
is taken, and the variance of single examples from the spread of the points.

What this is worth is simulated: `python -m scorer bench simulations`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import MIN_MODELS, FloatArray, IntArray, check_banks
from scorer.metric.draws import check_accuracies, permutations, points_of_draws, utility_of_draws
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import Rule
from scorer.metric.utility import ModelAccuracies

SHARE_KEPT = 0.75
MIN_DRAWS = 2


@dataclass(frozen=True)
class ScoreErrors:
    """Standard errors of a method's score.

    Attributes:
        forgetting_quality: of F.
        final_score: of F times the utility ratios.
        between_originals_sd: standard deviation of F from one original to another, what the runs
            add left out; 0 where they explain all. Rough for few originals, and too large where
            originals carry nothing, since it is cut at 0. None for one original, or one a run.
    """

    forgetting_quality: float
    final_score: float
    between_originals_sd: float | None


def score_errors(
    unlearned: ArrayLike,
    oracle: ArrayLike,
    rule: Rule,
    *,
    accuracies: tuple[ModelAccuracies, ModelAccuracies] | None = None,
    originals: ArrayLike | None = None,
    n_draws: int = 100,
    seed: int = 0,
) -> ScoreErrors:
    """Return the standard errors of F and of the final score.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.
        rule: see `scorer.metric.rules.make_rule`.
        accuracies: of unlearned models and oracles; without them the utility ratios are taken as 1.
        originals: int `(n_models,)`, the original that each run started from, by default one for
            all. Runs of one original depend on each other, so that with several originals these
            are drawn whole. With one, the errors hold given this original.
        n_draws: at least 2; an error itself is known to about `1 / sqrt(2 n_draws)` of its size,
            and from K originals to about `1 / sqrt(2 K)`.
        seed: of the draws.

    Raises:
        ValueError: a bank is malformed, there are fewer than 3 models or 2 draws, or `originals`
            or accuracies are of another number of models.

    Reference:
        Shao and Wu 1989, Annals of Statistics 17(3): the delete-d jackknife.
    """
    banks = check_banks(unlearned, oracle)
    n_models = len(banks[0])
    units = drawing_units(originals, n_models)
    rng = np.random.default_rng(seed)
    draws = draw_kept(rng, units, n_draws)
    oracle_draws = permutations(rng, n_models, n_draws)[:, : draws.shape[1]]
    kept = points_of_draws(banks[0], draws, banks[1], oracle_draws, rule)
    points = forgetting_quality(*banks, rule).points
    scale = kept_scale(len(units))
    quality = error_over_draws(points, kept, scale)
    final = quality
    if accuracies is not None:
        check_accuracies(n_models, unlearned=accuracies[0], oracle=accuracies[1])
        everyone = np.arange(n_models)[np.newaxis]
        ratio = utility_of_draws(accuracies[0], everyone, accuracies[1], everyone)
        kept_ratio = utility_of_draws(accuracies[0], draws, accuracies[1], oracle_draws)
        final = error_over_draws(points * ratio, kept * kept_ratio[:, np.newaxis], scale)
    between = None
    if units.shape[1] > 1:
        within = _kept_within(rng, units, n_draws)
        oracle_draws = permutations(rng, n_models, n_draws)[:, : within.shape[1]]
        kept_within = points_of_draws(banks[0], within, banks[1], oracle_draws, rule)
        by_runs = kept_scale(units.shape[1]) * kept_within.mean(axis=1).var(ddof=1)
        by_originals = scale * kept.mean(axis=1).var(ddof=1)
        between = float((len(units) * max(0.0, by_originals - by_runs)) ** 0.5)
    return ScoreErrors(quality, final, between)


def error_over_draws(points: FloatArray, drawn_points: FloatArray, scale: float) -> float:
    """Return the standard error of the mean of `points` over models and examples.

    Args:
        points: `(n_examples,)`: points, points times utility, or their difference between methods.
        drawn_points: `(n_draws, n_examples)`, the same of each draw of models.
        scale: what the variance between draws is to be multiplied by.
    """
    n_examples = points.size
    single = drawn_points.var(axis=0, ddof=1).mean() / n_examples
    together = drawn_points.mean(axis=1).var(ddof=1)
    # One example has no spread: what its draws say is all there is.
    spread = points.var(ddof=1) / n_examples if n_examples > 1 else scale * single
    return float((scale * max(0.0, together - single) + spread) ** 0.5)


def drawing_units(originals: ArrayLike | None, n_models: int) -> IntArray:
    """Return which models are drawn together `(n_units, n_each)`: those of one original.

    With one original, or without any, each model is a unit. Where originals have different numbers
    of runs, what some have more is left out.

    Raises:
        ValueError: not one original for each model, or too few models to leave some out.
    """
    index = np.zeros(n_models, dtype=np.int64) if originals is None else np.asarray(originals)
    if index.shape != (n_models,):
        raise ValueError(
            f"`originals` must name one original for each of {n_models} models, got shape"
            f" {index.shape}"
        )
    names, counts = np.unique(index, return_counts=True)
    if names.size == 1:
        units = np.arange(n_models)[:, np.newaxis]
    else:
        units = np.stack([np.flatnonzero(index == name)[: counts.min()] for name in names])
    if _n_kept(len(units)) * units.shape[1] < MIN_MODELS:
        raise ValueError(
            f"a standard error needs {MIN_MODELS} models after a quarter is left out, got"
            f" {n_models} models of {names.size} originals in all"
        )
    return units


def draw_kept(rng: np.random.Generator, units: IntArray, n_draws: int) -> IntArray:
    """Return `(n_draws, n_kept)` models: three quarters of the units, with all their models.

    Raises:
        ValueError: fewer than 2 draws.
    """
    if n_draws < MIN_DRAWS:
        raise ValueError(f"`n_draws` must be at least {MIN_DRAWS}, got {n_draws}")
    chosen = permutations(rng, len(units), n_draws)[:, : _n_kept(len(units))]
    return units[chosen].reshape(n_draws, -1)


def _kept_within(rng: np.random.Generator, units: IntArray, n_draws: int) -> IntArray:
    """Return `(n_draws, n_kept)` models: three quarters of those of every unit."""
    kept = [draw_kept(rng, unit[:, np.newaxis], n_draws) for unit in units]
    return np.concatenate(kept, axis=1)


def _n_kept(n_units: int) -> int:
    """Return how many of the units are in a draw."""
    return int(SHARE_KEPT * n_units)


def kept_scale(n_units: int) -> float:
    """Return the variance of a mean over units, by that of its draws without replacement."""
    return _n_kept(n_units) / (n_units - _n_kept(n_units))


def mean_error(values: ArrayLike, originals: ArrayLike | None = None) -> float:
    """Return the standard error over models of the mean of one number a model.

    Args:
        values: `(n_models,)`.
        originals: int `(n_models,)`, see `score_errors`: of several, the means of their runs count.

    Raises:
        ValueError: too few models, or `originals` of another length; see `drawing_units`.
    """
    numbers = np.asarray(values, dtype=np.float64)
    means = numbers[drawing_units(originals, len(numbers))].mean(axis=1)
    return float(means.std(ddof=1) / means.size**0.5)
