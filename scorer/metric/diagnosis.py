"""Diagnosis: in which way the unlearned models differ from the oracles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_banks


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Errors of the location and of the spread over runs, in oracle standard deviations.

    An oracle bank without spread gives no unit to measure in: such an example is nan in both
    arrays, left out of the summaries and counted in `n_undefined`. An unlearned bank without
    spread (every run gives one and the same output) is a result, not a gap: its log spread error
    is -inf, and so are the bias and, as +inf, the rms of all examples together; `n_collapsed`
    counts them.

    Attributes:
        mean_errors: float64 `(n_examples,)`, (mean of unlearned - mean of oracle) / sd of oracle;
            positive where the unlearned models are too sure of the label.
        log_spread_errors: float64 `(n_examples,)`, log(sd of unlearned / sd of oracle); negative
            where runs are too much alike.
        mean_error_bias: mean over examples of `mean_errors`.
        mean_error_rms: root mean square. A second oracle bank gets about `sqrt(2 / n_models)`.
        log_spread_error_bias: mean over examples of `log_spread_errors`.
        log_spread_error_rms: root mean square. A second oracle bank of Gaussian confidences gets
            about `sqrt(1 / n_models)`.
        n_undefined: examples whose oracles have no spread; with all of them the summaries are nan.
        n_collapsed: examples whose oracles vary while the unlearned models do not.
    """

    mean_errors: FloatArray
    log_spread_errors: FloatArray
    mean_error_bias: float
    mean_error_rms: float
    log_spread_error_bias: float
    log_spread_error_rms: float
    n_undefined: int
    n_collapsed: int


def diagnose(unlearned: ArrayLike, oracle: ArrayLike) -> Diagnosis:
    """Return how the distribution over runs differs from the oracles'.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.

    Raises:
        ValueError: a bank is malformed, see `scorer.metric.arrays.check_banks`.

    Example:
        >>> found = diagnose([[1.0], [5.0]], [[-1.0], [1.0]])
        >>> round(found.mean_error_bias, 3), round(found.log_spread_error_bias, 3)
        (2.121, 0.693)
    """
    unlearned_bank, oracle_bank = check_banks(unlearned, oracle)
    # A range of 0 is exact where a standard deviation of equal numbers may round to 1e-17.
    is_undefined = np.ptp(oracle_bank, axis=0) == 0
    is_collapsed = (np.ptp(unlearned_bank, axis=0) == 0) & ~is_undefined
    unit = np.where(is_undefined, np.nan, oracle_bank.std(axis=0, ddof=1))
    spread = np.where(is_collapsed, 0.0, unlearned_bank.std(axis=0, ddof=1))
    mean_errors = (unlearned_bank.mean(axis=0) - oracle_bank.mean(axis=0)) / unit
    with np.errstate(divide="ignore"):
        log_spread_errors = np.log(spread / unit)
    is_known = ~is_undefined
    summaries = *_summary(mean_errors[is_known]), *_summary(log_spread_errors[is_known])
    n_undefined, n_collapsed = int(is_undefined.sum()), int(is_collapsed.sum())
    return Diagnosis(mean_errors, log_spread_errors, *summaries, n_undefined, n_collapsed)


def tiny_spread_share(unlearned: ArrayLike, oracle: ArrayLike, min_spread: float) -> float:
    """Return the share of examples on which either bank spreads over less than a rule resolves.

    Probabilities in place of logit-scaled confidences end here, as do logits at a high temperature.
    A bank without any spread on an example is not counted for it: that is another fault, which
    `Diagnosis` counts.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.
        min_spread: `min_spread` of the rule, in the unit of the confidences.

    Returns:
        In `[0, 1]`; 0 under a rule without a unit.

    Raises:
        ValueError: a bank is malformed, see `scorer.metric.arrays.check_banks`.
    """
    is_tiny = [
        (np.ptp(bank, axis=0) > 0) & (bank.std(axis=0, ddof=1) < min_spread)
        for bank in check_banks(unlearned, oracle)
    ]
    return float(np.logical_or(*is_tiny).mean())


def _summary(errors: FloatArray) -> tuple[float, float]:
    """Return mean and root mean square; nan of nothing."""
    if errors.size == 0:
        return float("nan"), float("nan")
    return float(errors.mean()), float(np.sqrt(np.square(errors).mean()))
