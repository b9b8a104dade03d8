"""Attacks on more than one number: can unlearned models be told from oracles by what they put out?

A score looks at one number of each model and example, its confidence. Here an attack may look at
several, such as all probabilities: a linear classifier, fitted to some models, judges the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, IntArray, check_positive, check_same_shape
from scorer.metric.draws import p_value, permutations
from scorer.metric.jackknife import draw_kept, drawing_units, kept_scale
from scorer.metric.joint import N_FOLDS, RIDGE_PENALTY, exchanged_labels

N_DRAWS = 20
"""For the standard error, which is known to a sixth of its size."""

VALUES_AT_ONCE = 2**22
"""Numbers of one array that are worked on together: examples are taken in blocks."""


@dataclass(frozen=True, eq=False)
class Attack:
    """What an attack on each example by itself found.

    Attributes:
        auc: mean of `aucs`.
        standard_error: of `auc` over models, for these examples; on the safe side. nan where a
            draw of few models leaves no fold with models of both sides.
        p_value: (1 + number of exchanges with at least this AUC) / (n_permutations + 1).
        aucs: float64 `(n_examples,)` share of pairs (unlearned model, oracle) that the attack on
            an example puts in the right order, in `[0, 1]`; 0.5 where it cannot tell them apart.
    """

    auc: float
    standard_error: float
    p_value: float
    aucs: FloatArray


def cross_fitted_attack(
    unlearned: ArrayLike,
    oracle: ArrayLike,
    *,
    originals: ArrayLike | None = None,
    n_permutations: int = 199,
    seed: int = 0,
) -> Attack:
    """Attack two banks, one example at a time.

    An attack for each example, and not one on all of them together: what a number means differs
    from example to example, and so do the models' errors. The mean over examples is steadier than
    any of them. What only all examples together tell is asked by `scorer.metric.joint`.

    A ridge classifier is fitted to four fifths of the models and judges the others, in five turns,
    so that no model is judged by what was fitted to it. Only models of one turn are held against
    each other: they are judged by one classifier that saw neither, so that for banks of one law
    the expected AUC is 0.5 whatever the number of models and of columns. It is linear in the
    standardised columns: it sees means that are off, alone or in combination, and not a spread.

    The standard error is that of a score: three quarters of the models, drawn `N_DRAWS` times, are
    attacked anew. An attack that is fitted to fewer models varies more, so it is on the safe side:
    simulated, about 1.0 to 1.7 times the spread of the AUC, the more the nearer that is to 0.5. For
    the p-value the labels of the models are exchanged within each fifth and all of it is done
    again; it is exact under any dependence between examples and columns.

    Args:
        unlearned: `(n_models, n_examples, width)`, finite, at least 3 models.
        oracle: the same of the oracles.
        originals: int `(n_models,)`, the original that each run started from: where there are
            several, they are left out whole. By default, or with one, runs are.
        n_permutations: at least 1.
        seed: of the fifths, of the exchanges and of what is left out.

    Raises:
        ValueError: a bank is malformed, shapes differ, no permutation, `originals` of another
            length, or too few models to leave some out.

    Reference:
        Lopez-Paz and Oquab 2017, arXiv 1610.06545: two-sample tests by a classifier.
    """
    banks = [np.asarray(bank) for bank in (unlearned, oracle)]
    _check(*banks)
    check_positive("n_permutations", n_permutations)
    n_models, n_examples, width = banks[0].shape
    rng = np.random.default_rng(seed)
    n_folds = min(N_FOLDS, n_models)
    folds = np.concatenate([rng.permutation(np.arange(n_models) % n_folds) for _ in banks])
    labels = exchanged_labels(folds, n_permutations, rng)
    units = drawing_units(originals, n_models)
    kept = draw_kept(rng, units, N_DRAWS)
    kept_oracles = n_models + permutations(rng, n_models, N_DRAWS)[:, : kept.shape[1]]
    draws = np.concatenate([kept, kept_oracles], axis=1)
    at_once = max(1, VALUES_AT_ONCE // (2 * n_models * max(width, labels.shape[1])))
    aucs, drawn = np.empty((n_examples, labels.shape[1])), np.empty((n_examples, N_DRAWS))
    for first in range(0, n_examples, at_once):
        part = slice(first, first + at_once)
        both = np.concatenate([bank[:, part].astype(np.float64) for bank in banks])
        aucs[part] = _aucs(both, folds, labels)
        for k, draw in enumerate(draws):
            drawn[part, k] = _aucs(both[draw], folds[draw], labels[draw, :1])[:, 0]
    values = aucs.mean(axis=0)
    error = (kept_scale(len(units)) * drawn.mean(axis=0).var(ddof=1)) ** 0.5
    # Rounding must not make an exchange of equal models look smaller than what was observed.
    p = p_value(values[1:] >= values[0] - 1e-12)
    return Attack(float(values[0]), float(error), p, aucs[:, 0].copy())


def fit_ridge(models: FloatArray, labels: FloatArray, others: FloatArray) -> FloatArray:
    """Return how other models are judged by a ridge classifier of each example.

    Args:
        models: `(n, n_examples, width)` to fit.
        labels: `(n, n_labelings)`, 1 or -1, each to be fitted by itself.
        others: `(m, n_examples, width)`.

    Returns:
        `(n_examples, m, n_labelings)`, larger for the side 1.
    """
    mean, varies = models.mean(axis=0), np.ptp(models, axis=0) > 0
    # A range of 0 is exact where the deviation of equal numbers may round to 1e-17.
    unit = np.where(varies, models.std(axis=0), 1.0)
    columns = (np.where(varies, models - mean, 0.0) / unit).transpose(1, 0, 2)
    products = columns.transpose(0, 2, 1) @ columns
    products += RIDGE_PENALTY * np.eye(products.shape[-1])
    target = columns.transpose(0, 2, 1) @ (labels - labels.mean(axis=0))
    weights = np.linalg.solve(products, target)
    return np.asarray(((others - mean) / unit).transpose(1, 0, 2) @ weights)


def _check(unlearned: np.ndarray, oracle: np.ndarray) -> None:
    """Raise where two banks are not numbers of one shape, by model, example and column."""
    for name, bank in (("unlearned", unlearned), ("oracle", oracle)):
        if bank.ndim != 3:
            raise ValueError(
                f"`{name}` must have shape (n_models, n_examples, width), got {bank.shape}; pass"
                " one row for each model, for each example as many numbers as the attack sees"
            )
    if unlearned.shape != oracle.shape:
        raise ValueError(
            "`unlearned` and `oracle` must have the same shape (n_models, n_examples, width), got"
            f" {unlearned.shape} and {oracle.shape}; compare equal numbers of models"
        )
    check_same_shape(
        unlearned=unlearned.reshape(len(unlearned), -1), oracle=oracle.reshape(len(oracle), -1)
    )


def _aucs(both: FloatArray, folds: IntArray, labels: FloatArray) -> FloatArray:
    """Return `(n_examples, n_labelings)` the share of pairs of one fold in order, over all folds.

    Args:
        both: `(n, n_examples, width)` models of both sides.
        folds: `(n,)` where each is judged; a fold that has one side only judges nothing.
        labels: `(n, n_labelings)`, 1 or -1, of as many models a side in each labeling.
    """
    # Imported here because it takes a second, and whoever reads records comes by.
    from scipy.stats import rankdata

    total = np.zeros((both.shape[1], labels.shape[1]))
    weight = 0
    for fold in np.unique(folds):
        held = folds == fold
        is_high = labels[held] > 0
        n_held, n_high = len(is_high), int(is_high[:, 0].sum())
        if n_high in (0, n_held):
            continue
        ranks = np.asarray(rankdata(fit_ridge(both[~held], labels[~held], both[held]), axis=1))
        rank_sums = np.einsum("eml,ml->el", ranks, is_high.astype(np.float64))
        # Mann and Whitney: the ranks of the positives sum to the pairs in order and a constant.
        in_order = rank_sums - n_high * (n_high + 1) / 2
        total += in_order / (n_high * (n_held - n_high)) * n_held
        weight += n_held
    return total / weight if weight else np.full_like(total, np.nan)
