"""Utility: accuracies of the models, their ratio to the oracles', and the final score."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scorer.metric.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class ModelAccuracies:
    """Accuracies of one bank of models.

    Attributes:
        retain: float64 `(n_models,)` in `[0, 1]`, on the retain set.
        test: float64 `(n_models,)` in `[0, 1]`, on the test set.

    Raises:
        ValueError: not vectors of one length with at least 2 models, or values out of range.
    """

    retain: FloatArray
    test: FloatArray

    def __post_init__(self) -> None:
        for name in ("retain", "test"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.ndim != 1 or values.size < 2:
                raise ValueError(
                    f"`{name}` must have shape (n_models,) with at least 2 models, got "
                    f"{values.shape}"
                )
            if not ((values >= 0) & (values <= 1)).all():
                raise ValueError(
                    f"`{name}` must hold accuracies in [0, 1], got values from {values.min()} to "
                    f"{values.max()}"
                )
            object.__setattr__(self, name, values)
        if self.retain.shape != self.test.shape:
            raise ValueError(
                "`retain` and `test` must hold the same models, got "
                f"{self.retain.size} and {self.test.size}"
            )


@dataclass(frozen=True)
class Utility:
    """How much of the oracles' accuracy is left.

    Attributes:
        retain_ratio: RA of the unlearned models over RA of the oracles; above 1 if better.
        retain_ratio_se: its standard error over models.
        test_ratio: the same on the test set.
        test_ratio_se: its standard error.
        value: product of the two ratios.
        value_se: its standard error; the two ratios come from the same models, so it is not the
            root of the sum of squares.
    """

    retain_ratio: float
    retain_ratio_se: float
    test_ratio: float
    test_ratio_se: float
    value: float
    value_se: float


def utility_ratios(unlearned: ModelAccuracies, oracle: ModelAccuracies) -> Utility:
    """Return RA_U/RA_R, TA_U/TA_R and their product, with standard errors by the delta method.

    Ratios are not clipped at 1, as in the released scorer: beating the oracles raises the score.

    Args:
        unlearned: accuracies of the unlearned models.
        oracle: accuracies of the oracles.

    Raises:
        ValueError: the oracles' mean accuracy is 0, so that no ratio exists.

    Reference:
        Technical report of the NeurIPS 2023 unlearning competition, section 5.
    """
    means = {}
    covariances = []
    for name, bank in (("unlearned", unlearned), ("oracle", oracle)):
        values = np.stack([bank.retain, bank.test])
        means[name] = values.mean(axis=1)
        covariances.append(np.cov(values) / values.shape[1])
    if (means["oracle"] <= 0).any():
        raise ValueError(
            "`oracle` must have a mean accuracy above 0 on retain and test set, got "
            f"{means['oracle'][0]} and {means['oracle'][1]}; the oracles have learnt nothing"
        )
    ratios = means["unlearned"] / means["oracle"]
    # First order in the four means: d(u/r) = du/r - (u/r) dr/r.
    covariance = covariances[0] / np.outer(means["oracle"], means["oracle"])
    of_oracle = covariances[1] / np.outer(means["oracle"], means["oracle"])
    covariance = covariance + of_oracle * np.outer(ratios, ratios)
    gradient = ratios[::-1]
    value_variance = gradient @ covariance @ gradient
    return Utility(
        retain_ratio=float(ratios[0]),
        retain_ratio_se=float(np.sqrt(covariance[0, 0])),
        test_ratio=float(ratios[1]),
        test_ratio_se=float(np.sqrt(covariance[1, 1])),
        value=float(ratios.prod()),
        value_se=float(np.sqrt(max(value_variance, 0.0))),
    )


def final_score(forgetting_quality: float, utility: Utility) -> float:
    """Return F x RA_U/RA_R x TA_U/TA_R.

    Args:
        forgetting_quality: F in `[0, 1]`.
        utility: the two ratios.

    Raises:
        ValueError: F out of range.
    """
    if not 0.0 <= forgetting_quality <= 1.0:
        raise ValueError(f"`forgetting_quality` must be in [0, 1], got {forgetting_quality}")
    return forgetting_quality * utility.retain_ratio * utility.test_ratio


def relative_score(final_score: float, ceiling_final_score: float) -> float | None:
    """Return the final score over that of perfect unlearning, None where that is 0 or next to it.

    This is the one definition: records, tables, leaderboards and tuning all take it from here.

    Args:
        final_score: of the unlearned models.
        ceiling_final_score: of the control bank, against the same oracles.

    Example:
        >>> relative_score(0.05, 0.2)
        0.25
    """
    if not ceiling_final_score:
        return None
    ratio = final_score / ceiling_final_score
    return ratio if math.isfinite(ratio) else None
