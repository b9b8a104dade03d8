"""The joint law: whether models that are right on each example are right over all of them together.

An epsilon looks at one example at a time. A coin toss between two biased algorithms, copies of few
models, or independent noise around a good mean can have the right law on every example and still be
told from oracles by one look at all examples of a model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    check_bank,
    check_banks,
    check_positive,
)

N_FOLDS = 5
RIDGE_PENALTY = 1.0

MIN_JACKKNIFE_MODELS = 3
"""Models below which there is no variance left without one of them."""

MIN_EXAMPLES = 3
"""Examples below which the errors of two models, less their means, are alike or opposite."""


@dataclass(frozen=True)
class MeanVarianceRatio:
    """How much more the mean confidence varies over models than independent examples would let it.

    Attributes:
        value: at least 0; 1 where the examples of a model are independent, S where they move as
            one; nan for a bank without spread.
        standard_error: by the jackknife over models, which takes models as independent; nan for
            fewer than 3 models.
    """

    value: float
    standard_error: float


@dataclass(frozen=True, eq=False)
class SetLevelTest:
    """Test of the hypothesis that unlearned models and oracles have one joint law.

    Attributes:
        auc: share of pairs (unlearned model, oracle) that the attack puts in the right order, in
            `[0, 1]`; 0.5 where it cannot tell them apart.
        p_value: (1 + number of exchanges with at least this AUC) / (n_permutations + 1).
        values: float64 `(n_permutations,)` AUC of each exchange.
    """

    auc: float
    p_value: float
    values: FloatArray


def mean_variance_ratio(bank: ArrayLike) -> MeanVarianceRatio:
    """Return variance of the models' mean confidences x S over the mean variance of an example.

    Independence between examples gives 1. Real models share effects between examples and get more,
    so read it beside the oracles': more says that whole models are off, to one side or the other;
    less, that noise was added to each example by itself.

    Args:
        bank: `(n_models, n_examples)` confidences.

    Raises:
        ValueError: the bank is malformed, see `scorer.metric.arrays.check_bank`.

    Example:
        >>> mean_variance_ratio([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]).value
        2.0
    """
    checked = check_bank("bank", bank)
    n_models, n_examples = checked.shape
    of_means, of_means_without = _sums_of_squares(checked.mean(axis=1, keepdims=True))
    of_all, of_all_without = _sums_of_squares(checked)
    # A range of 0 is exact where the variance of equal numbers may round to 1e-34.
    if not np.ptp(checked, axis=0).any():
        return MeanVarianceRatio(float("nan"), float("nan"))
    value = n_examples * of_means / of_all
    if n_models < MIN_JACKKNIFE_MODELS:
        return MeanVarianceRatio(value, float("nan"))
    with np.errstate(divide="ignore", invalid="ignore"):
        without_one = n_examples * of_means_without / of_all_without
    error = np.sqrt((n_models - 1) * without_one.var())
    return MeanVarianceRatio(value, float(error))


def effective_models(unlearned: ArrayLike, oracle: ArrayLike) -> float:
    """Return how many distinct models a bank holds: N where all differ, 8 for 8 models 8 times.

    A model is described by its errors: its confidences less the bank's mean on each example, in
    oracle standard deviations, less their mean over examples, which all examples share and
    `mean_variance_ratio` sees. The likeness of two models is the correlation of their errors,
    scaled so that 0 is the largest between any two oracles, and 1 is a copy; below 0 it counts
    as 0. The number is N^2 over the sum of the likeness of all pairs, each model with itself
    included: the inverse Simpson index with similarities.

    Models that are alike in part count in part. Independent ones get a little less than N: of the
    N (N - 1) / 2 pairs about one is more alike than any pair of oracles (simulated at 64 models
    and 130 examples: 63.9). It does not see one model repeated with independent noise, whose
    errors about the bank's mean are independent: there the spread is wrong.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the models to count.
        oracle: the same of the oracles.

    Returns:
        In `[1, n_models]`; nan where the oracles leave no scale: they hold copies themselves, or
        there are fewer than 3 examples on which they vary.

    Raises:
        ValueError: a bank is malformed, see `scorer.metric.arrays.check_banks`.

    Reference:
        Leinster and Cobbold 2012, "Measuring diversity: the importance of species similarity",
        equation 1 at order 2.
    """
    unlearned_bank, oracle_bank = check_banks(unlearned, oracle)
    varies = np.ptp(oracle_bank, axis=0) > 0
    if np.count_nonzero(varies) < MIN_EXAMPLES:
        return float("nan")
    unit = oracle_bank[:, varies].std(axis=0)
    correlation, is_mean = _error_correlations(unlearned_bank[:, varies] / unit)
    oracle_correlation, _ = _error_correlations(oracle_bank[:, varies] / unit)
    largest = oracle_correlation[~np.eye(len(oracle_bank), dtype=bool)].max()
    if largest > 1.0 - 1e-9:
        return float("nan")
    likeness = np.clip((correlation - largest) / (1.0 - largest), 0.0, 1.0)
    np.fill_diagonal(likeness, 1.0)
    # Models without an error are the bank's mean, hence copies of each other.
    likeness[np.ix_(is_mean, is_mean)] = 1.0
    return float(likeness.size / likeness.sum())


def set_level_test(
    unlearned: ArrayLike, oracle: ArrayLike, *, n_permutations: int = 199, seed: int = 0
) -> SetLevelTest:
    """Test whether one look at all examples of a model tells an unlearned model from an oracle.

    Each model is described by its confidences, standardised over all 2N models, and by what a
    linear classifier cannot make of them (see `_statistics`). A ridge classifier is trained on four
    fifths of the models and judges the others, in five turns. Then the labels of the models are
    exchanged within each fifth, and all of it is done again. Nothing before the classifier sees
    a label, so that the p-value is exact at any number of models and examples and under any
    dependence between the examples of a model.

    A large p-value does not show that the laws are equal, only that this attack does not tell. A
    few runs that are off (one in 64, say) do not move it.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.
        n_permutations: at least 1; the smallest possible p-value is `1 / (n_permutations + 1)`.
        seed: of the fifths and of the exchanges.

    Raises:
        ValueError: a bank is malformed, or no permutation.
    """
    # Imported here because they take a second, and whoever reads records comes by.
    from scipy.stats import rankdata
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    unlearned_bank, oracle_bank = check_banks(unlearned, oracle)
    check_positive("n_permutations", n_permutations)
    n_models = len(unlearned_bank)
    described = _descriptions(np.concatenate([unlearned_bank, oracle_bank]))
    rng = np.random.default_rng(seed)
    folds = np.concatenate([rng.permutation(np.arange(n_models) % N_FOLDS) for _ in range(2)])
    labels = exchanged_labels(folds, n_permutations, rng)
    judged = cross_val_predict(
        Ridge(alpha=RIDGE_PENALTY), described, labels, cv=PredefinedSplit(folds)
    )
    # Mann and Whitney: the ranks of the positives sum to the pairs in order and a constant.
    rank_sums = np.where(labels > 0, rankdata(judged, axis=0), 0.0).sum(axis=0)
    auc = (rank_sums - n_models * (n_models + 1) / 2) / n_models**2
    observed, values = float(auc[0]), auc[1:]
    p_value = (1 + np.count_nonzero(values >= observed)) / (n_permutations + 1)
    return SetLevelTest(observed, float(p_value), values)


def _sums_of_squares(bank: FloatArray) -> tuple[float, FloatArray]:
    """Return the mean over examples of the variance, and `(n_models,)` of it without each model.

    Where there are but two models, no variance is left without one of them: nan.
    """
    n_models = len(bank)
    squares = np.square(bank - bank.mean(axis=0)).mean(axis=1)
    total = squares.sum()
    # What leaving one out takes from a sum of squares about the mean, which moves with it.
    without = total - squares * n_models / (n_models - 1)
    left = without / (n_models - 2) if n_models > 2 else np.full(n_models, np.nan)
    return float(total / (n_models - 1)), left


def _error_correlations(bank: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return `(n_models, n_models)` correlations of errors, and which models have no error."""
    errors = bank - bank.mean(axis=0)
    errors -= errors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(errors, axis=1, keepdims=True)
    # Rounding leaves 1e-16 of the values where all models are equal.
    has_error = lengths > 1e-12 * np.abs(bank).max()
    directions = np.divide(errors, lengths, out=np.zeros_like(errors), where=has_error)
    return directions @ directions.T, ~has_error[:, 0]


def _descriptions(models: FloatArray) -> FloatArray:
    """Return `(n_models, n_features)`: what the attack knows of each model, without any label.

    All examples together weigh as much as one of the statistics, so that many examples do not
    drown them, and the penalty as much as one model.
    """
    standardised = _standardised(models)
    n_examples = models.shape[1]
    statistics = _standardised(_statistics(standardised))
    return np.hstack([statistics, standardised / np.sqrt(n_examples)])


def _statistics(standardised: FloatArray) -> FloatArray:
    """Return `(n_models, 4)`: what no weighted sum of a model's confidences can say.

    - its squared mean: whole models off to either side, or means that vary too little;
    - its spread about the mean: noise, missing noise, examples that are moved each by itself;
    - its distance to the nearest other model: copies, and models near few centres;
    - its likeness to all others, the mean of the squared products with them: how strongly it
      follows what examples share, whatever direction that is.

    The other models are those of both banks, so that no label is used.
    """
    n_examples = standardised.shape[1]
    means = standardised.mean(axis=1)
    spreads = standardised.std(axis=1)
    products = standardised @ standardised.T / n_examples
    squares = np.diag(products).copy()
    distances = squares[:, np.newaxis] + squares - 2.0 * products
    np.fill_diagonal(distances, np.inf)
    np.fill_diagonal(products, 0.0)
    # Rounding makes the distance of copies a little less than 0.
    nearest = np.sqrt(np.maximum(distances.min(axis=1), 0.0))
    likeness = np.square(products).mean(axis=1)
    return np.column_stack([np.square(means), spreads, nearest, likeness])


def _standardised(columns: FloatArray) -> FloatArray:
    """Return columns of mean 0 and standard deviation 1; constant ones become 0."""
    varies = np.ptp(columns, axis=0) > 0
    centred = columns - columns.mean(axis=0)
    unit = np.where(varies, columns.std(axis=0), 1.0)
    return np.asarray(np.where(varies, centred / unit, 0.0))


def exchanged_labels(folds: IntArray, n_permutations: int, rng: np.random.Generator) -> FloatArray:
    """Return `(2 n_models, 1 + n_permutations)` labels +-1, the true ones first.

    The labels of a fold stay in it, so that every classifier is trained on equal numbers of both.
    """
    true = np.repeat([1.0, -1.0], len(folds) // 2)
    labels = np.tile(true[:, np.newaxis], (1, 1 + n_permutations))
    for fold in np.unique(folds):
        members = folds == fold
        labels[members, 1:] = rng.permuted(labels[members, 1:], axis=0)
    return labels
