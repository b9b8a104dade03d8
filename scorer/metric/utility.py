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
        test_ratio: the same on the test set.
    """

    retain_ratio: float
    test_ratio: float


def utility_ratios(unlearned: ModelAccuracies, oracle: ModelAccuracies) -> Utility:
    """Return RA_U/RA_R and TA_U/TA_R.

    Ratios are not clipped at 1, as in the released scorer: beating the oracles raises the score.

    Args:
        unlearned: accuracies of the unlearned models.
        oracle: accuracies of the oracles.

    Raises:
        ValueError: the oracles' mean accuracy is 0, so that no ratio exists.

    Reference:
        Technical report of the NeurIPS 2023 unlearning competition, section 5.
    """
    retain, test = oracle.retain.mean(), oracle.test.mean()
    if retain <= 0 or test <= 0:
        raise ValueError(
            "`oracle` must have a mean accuracy above 0 on retain and test set, got "
            f"{retain} and {test}; the oracles have learnt nothing"
        )
    ratios = unlearned.retain.mean() / retain, unlearned.test.mean() / test
    return Utility(*map(float, ratios))


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
