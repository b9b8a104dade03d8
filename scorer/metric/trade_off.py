"""One attack on all examples together: what it reaches at every threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_banks

N_POINTS = 200
"""Of a curve: half of them spread evenly, half by powers towards no false positives."""


@dataclass(frozen=True, eq=False)
class TradeOff:
    """True against false positives of an attack that predicts "unlearned".

    Attributes:
        fpr: float64 `(n_points,)`, oracles taken for unlearned, ascending from 0 to 1.
        tpr: float64 `(n_points,)`, unlearned models found, ascending to 1.
        auc: area under the curve, in `[0.5, 1]`; 0.5 is guessing.
    """

    fpr: FloatArray
    tpr: FloatArray
    auc: float

    def tpr_at(self, fpr: float) -> float:
        """Return the true-positive rate at a false-positive rate in `[0, 1]`."""
        return float(np.interp(fpr, self.fpr, self.tpr))


def pooled_trade_off(unlearned: ArrayLike, oracle: ArrayLike) -> TradeOff:
    """Return what one threshold on the standardised confidences of all examples reaches.

    Every confidence is held against mean and spread of its example over the models of both banks,
    which favours neither. Above a threshold, or below it, whichever is the better of the two, the
    attack says "unlearned". An example on which no model differs from another tells nothing.

    Args:
        unlearned: `(n_models, n_examples)` confidences of the unlearned models.
        oracle: the same of the oracles.

    Raises:
        ValueError: a bank is malformed, see `scorer.metric.arrays.check_banks`.

    Example:
        >>> pooled_trade_off([[2.0], [3.0]], [[0.0], [1.0]]).auc
        1.0
    """
    banks = check_banks(unlearned, oracle)
    together = np.concatenate(banks)
    spread = together.std(axis=0)
    spread = np.where(np.ptp(together, axis=0) > 0, spread, 1.0)
    own, truth = (((bank - together.mean(axis=0)) / spread).ravel() for bank in banks)
    fpr, tpr, auc = _curve(own, truth)
    if auc < 0.5:
        fpr, tpr, auc = _curve(-own, -truth)
    even = np.linspace(0.0, 1.0, N_POINTS // 2)
    small = np.geomspace(1.0 / truth.size, 1.0, N_POINTS - len(even))
    points = np.unique(np.concatenate([even, small]))
    return TradeOff(points, np.interp(points, fpr, tpr), auc)


def _curve(positive: FloatArray, negative: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return false and true positives at every threshold that changes one, and the area."""
    values = np.concatenate([positive, negative])
    order = np.argsort(-values, kind="stable")
    is_positive = order < positive.size
    last = np.append(np.flatnonzero(np.diff(values[order])), values.size - 1)
    tpr = np.append(0.0, np.cumsum(is_positive)[last] / positive.size)
    fpr = np.append(0.0, np.cumsum(~is_positive)[last] / negative.size)
    return fpr, tpr, float(np.trapezoid(tpr, fpr))
