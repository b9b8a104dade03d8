"""How sure the score is: standard errors over models, and tests by exchanging models.

Models are resampled or exchanged whole, with all their examples, since examples of one model
depend on each other. A resampled bank holds duplicates, which push the largest epsilon over many
thresholds up and F down: the mean of the resampled F lies below F, and an interval of their
percentiles can miss F altogether. So only their standard deviation is used. Simulated at 64 models
and 130 examples under rule `competition`, it was within 20 % of the true one (0.0097 against 0.0093
for a perfect unlearner), but a third too small (0.015 against 0.022) where a shift of half a
standard deviation met an effect common to all examples of a model; `exact` errs further there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, IntArray, check_banks, check_positive, check_same_shape
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import Rule
from scorer.metric.utility import ModelAccuracies


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """A statistic over resampled models.

    Attributes:
        standard_error: standard deviation of `values`.
        values: float64 `(n_resamples,)`; their mean is biased and their percentiles are no
            confidence interval, see the module's docstring.
    """

    standard_error: float
    values: FloatArray


@dataclass(frozen=True, eq=False)
class RelativeBootstrap:
    """Standard errors of a score, of its ceiling and of their ratio, from the same resamples.

    Attributes:
        forgetting_quality: F of the unlearned models.
        ceiling_forgetting_quality: F of the control bank.
        final_score: F times the utility ratios, of the unlearned models.
        ceiling: the same of the control bank.
        relative_score: final score over ceiling; nan if the ceiling was 0 in some resample.
    """

    forgetting_quality: Bootstrap
    ceiling_forgetting_quality: Bootstrap
    final_score: Bootstrap
    ceiling: Bootstrap
    relative_score: Bootstrap


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """Test of the hypothesis that unlearned models and oracles have one distribution.

    Attributes:
        p_value: (1 + number of permuted F at or below the observed) / (n_permutations + 1); exact
            for any number of models, examples and any rule.
        observed: F of the banks as they are.
        values: float64 `(n_permutations,)` F under the hypothesis; their mean estimates the
            ceiling at this number of models, if the hypothesis holds.
    """

    p_value: float
    observed: float
    values: FloatArray


@dataclass(frozen=True)
class PairedDifference:
    """Comparison of two methods on the same oracles.

    Attributes:
        difference: F of the first minus F of the second.
        standard_error: over models, the oracles being resampled for both at once.
        p_value: of the hypothesis that both methods yield one distribution of models, two-sided,
            by exchanging models between the methods.
    """

    difference: float
    standard_error: float
    p_value: float


def bootstrap_relative_score(
    unlearned: ArrayLike,
    control: ArrayLike,
    oracle: ArrayLike,
    rule: Rule,
    *,
    accuracies: tuple[ModelAccuracies, ModelAccuracies, ModelAccuracies] | None = None,
    n_resamples: int = 100,
    seed: int = 0,
) -> RelativeBootstrap:
    """Return the standard errors of final score, ceiling and relative score over models.

    Each resample draws one oracle bank, which serves the unlearned models and the control alike, so
    that what the two scores share cancels in their ratio. Accuracies are drawn with their models.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        control: the same of the control bank.
        oracle: the same of the oracles.
        rule: see `scorer.metric.rules.make_rule`.
        accuracies: of the unlearned, control and oracle models in this order; without them the
            utility ratios are taken as 1.
        n_resamples: at least 2; a standard error itself is known to about
            `1 / sqrt(2 n_resamples)` of its size.
        seed: of the resampling.

    Raises:
        ValueError: a bank is malformed, accuracies of another number of models, or fewer than 2
            resamples.
    """
    banks = check_same_shape(unlearned=unlearned, control=control, oracle=oracle)
    n_models = len(banks[2])
    rng = np.random.default_rng(seed)
    draws = [_draws(rng, n_models, n_resamples) for _ in banks]
    quality, ceiling_quality = (
        _qualities(bank, draw, banks[2], draws[2], rule)
        for bank, draw in zip(banks[:2], draws, strict=False)
    )
    utility = [np.ones(n_resamples)] * 3
    if accuracies is not None:
        named = zip(("unlearned", "control", "oracle"), accuracies, draws, strict=True)
        utility = [_mean_accuracy_product(*each, n_models) for each in named]
    with np.errstate(divide="ignore", invalid="ignore"):
        score = quality * utility[0] / utility[2]
        ceiling = ceiling_quality * utility[1] / utility[2]
        relative = score / ceiling
    relative = np.where(np.isfinite(relative), relative, np.nan)
    statistics = quality, ceiling_quality, score, ceiling, relative
    return RelativeBootstrap(*(_summarise(values) for values in statistics))


def permutation_test(
    unlearned: ArrayLike, oracle: ArrayLike, rule: Rule, *, n_permutations: int = 199, seed: int = 0
) -> PermutationTest:
    """Test whether unlearned models and oracles can be told apart by F at all.

    A large p-value does not show that they are equal, only that these models do not tell.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.
        rule: see `scorer.metric.rules.make_rule`.
        n_permutations: at least 1; the smallest possible p-value is `1 / (n_permutations + 1)`.
        seed: of the permutations.

    Raises:
        ValueError: a bank is malformed, or no permutation.
    """
    unlearned_bank, oracle_bank = check_banks(unlearned, oracle)
    check_positive("n_permutations", n_permutations)
    n_models = unlearned_bank.shape[0]
    models = np.concatenate([unlearned_bank, oracle_bank])
    order = _permutations(np.random.default_rng(seed), 2 * n_models, n_permutations)
    values = _qualities(models, order[:, :n_models], models, order[:, n_models:], rule)
    observed = forgetting_quality(unlearned_bank, oracle_bank, rule).value
    return PermutationTest(_p_value(values <= observed), observed, values)


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    oracle: ArrayLike,
    rule: Rule,
    *,
    n_resamples: int = 100,
    n_permutations: int = 199,
    seed: int = 0,
) -> PairedDifference:
    """Compare the F of two methods that were scored against the same oracles.

    The shared oracles make both F err in the same direction, so that the difference is known better
    than either.

    Args:
        first: `(n_models, n_examples)` confidences of the first method's unlearned models.
        second: the same of the second method.
        oracle: the same of the oracles.
        rule: see `scorer.metric.rules.make_rule`.
        n_resamples: for the standard error, at least 2.
        n_permutations: for the p-value, at least 1.
        seed: of both.

    Raises:
        ValueError: a bank is malformed, or a count too small.
    """
    banks = check_same_shape(first=first, second=second, oracle=oracle)
    check_positive("n_permutations", n_permutations)
    n_models = len(banks[2])
    rng = np.random.default_rng(seed)
    draws = [_draws(rng, n_models, n_resamples) for _ in banks]
    resampled = [
        _qualities(bank, draw, banks[2], draws[2], rule)
        for bank, draw in zip(banks[:2], draws, strict=False)
    ]
    models = np.concatenate(banks[:2])
    halves = np.split(_permutations(rng, 2 * n_models, n_permutations), 2, axis=1)
    unchanged = np.broadcast_to(np.arange(n_models), (n_permutations, n_models))
    permuted = [_qualities(models, half, banks[2], unchanged, rule) for half in halves]
    observed = [forgetting_quality(bank, banks[2], rule).value for bank in banks[:2]]
    difference = observed[0] - observed[1]
    as_extreme = np.abs(permuted[0] - permuted[1]) >= abs(difference)
    standard_error = _summarise(resampled[0] - resampled[1]).standard_error
    return PairedDifference(difference, standard_error, _p_value(as_extreme))


def _draws(rng: np.random.Generator, n_models: int, n_resamples: int) -> IntArray:
    """Return `(n_resamples, n_models)` models drawn with replacement."""
    if n_resamples < 2:
        raise ValueError(f"`n_resamples` must be at least 2, got {n_resamples}")
    return rng.integers(n_models, size=(n_resamples, n_models))


def _permutations(rng: np.random.Generator, n_models: int, n_permutations: int) -> IntArray:
    """Return `(n_permutations, n_models)` orders of all models."""
    return rng.permuted(np.tile(np.arange(n_models), (n_permutations, 1)), axis=1)


def _qualities(
    unlearned: FloatArray,
    unlearned_draws: IntArray,
    oracle: FloatArray,
    oracle_draws: IntArray,
    rule: Rule,
    *,
    values_per_batch: int = 2**22,
) -> FloatArray:
    """Return F of each pair of draws; many draws go through the rule as further examples.

    `values_per_batch` are held at once of each bank: 32 MiB of float64.
    """
    n_draws, n_models = unlearned_draws.shape
    n_examples = unlearned.shape[1]
    values = np.empty(n_draws)
    size = max(1, values_per_batch // (n_models * n_examples))
    sides = (unlearned, unlearned_draws), (oracle, oracle_draws)
    for first in range(0, n_draws, size):
        batch = slice(first, first + size)
        drawn = [bank[each[batch]].transpose(1, 0, 2).reshape(n_models, -1) for bank, each in sides]
        points = forgetting_quality(drawn[0], drawn[1], rule).points
        values[batch] = points.reshape(-1, n_examples).mean(axis=1)
    return values


def _mean_accuracy_product(
    name: str, bank: ModelAccuracies, draws: IntArray, n_models: int
) -> FloatArray:
    """Return, per resample, mean retain accuracy times mean test accuracy."""
    if bank.retain.size != n_models:
        found = f"{n_models} models, got {bank.retain.size}"
        raise ValueError(f"`accuracies` of the {name} models must be of {found}")
    return np.asarray(bank.retain[draws].mean(axis=1) * bank.test[draws].mean(axis=1))


def _summarise(values: FloatArray) -> Bootstrap:
    """Return the resampled values with their standard deviation."""
    return Bootstrap(float(values.std(ddof=1)), values)


def _p_value(as_extreme: np.ndarray) -> float:
    """Return the permutation p-value; the observed arrangement counts as one of them."""
    return float((1 + np.count_nonzero(as_extreme)) / (as_extreme.size + 1))
