"""The released scorer's search, threshold by threshold, as a yardstick for speed.

For each example every threshold of the released grids is compared with every model: about 400
single ones, and 400 x 400 intervals. Rates and dropped thresholds follow the repaired rule
`competition`, in float64, so that both give the same epsilon.

Reference:
    `metric.py` of google-deepmind/unlearning_evaluation (grids and order of comparisons).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EPSILON_CAP = 50.0
MIN_RANGE_RATIO = 0.01
PER_UNIT = 100
BUFFER = 2.0
N_LEFT = 400


def grid_epsilon(unlearned: FloatArray, oracle: FloatArray, delta: float = 1e-5) -> float:
    """Return epsilon of one example by its full grids.

    Args:
        unlearned: `(n_models,)` confidences.
        oracle: `(n_models,)`.
        delta: in `[0, 1)`.

    Returns:
        Epsilon in `[0, 50]`; 50 where no threshold survives.
    """
    ranges = sorted([float(np.ptp(unlearned)), float(np.ptp(oracle))])
    if ranges[1] > 0 and ranges[0] / ranges[1] < MIN_RANGE_RATIO:
        return EPSILON_CAP
    negative, positive = sorted((oracle, unlearned), key=np.median)
    rates = [_single_rates(positive, negative)]
    rates.append(_interval_rates(*sorted((negative, positive), key=np.ptp)))
    fpr, fnr = np.concatenate(rates, axis=1)
    epsilons = _epsilons(fpr, fnr, delta)
    return float(min(EPSILON_CAP, epsilons.max())) if epsilons.size else EPSILON_CAP


def _single_rates(positive: FloatArray, negative: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return FPR and FNR of every single threshold."""
    both = np.concatenate([positive, negative])
    low, high = both.min(), both.max()
    thresholds = np.linspace(low, high, int(np.ceil((high - low) * PER_UNIT)))[:, np.newaxis]
    return (negative >= thresholds).mean(axis=1), (positive < thresholds).mean(axis=1)


def _interval_rates(narrow: FloatArray, wide: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return FPR and FNR of every interval, which predicts the bank of the smaller range."""
    width = narrow.max() - narrow.min()
    start, stop = narrow.min() + width - BUFFER, narrow.max() + BUFFER
    right = np.linspace(start, stop, int(np.ceil((stop - start) * PER_UNIT)))
    left = np.linspace(right - width - BUFFER, right - width + BUFFER, N_LEFT)
    low, high = left[..., np.newaxis], right[np.newaxis, :, np.newaxis]
    fpr = ((wide >= low) & (wide <= high)).mean(axis=2)
    fnr = 1.0 - ((narrow >= low) & (narrow <= high)).mean(axis=2)
    return fpr.ravel(), fnr.ravel()


def _epsilons(fpr: FloatArray, fnr: FloatArray, delta: float) -> FloatArray:
    """Return epsilon of the thresholds that survive; infinite where both rates are 0."""
    kept = (fpr == 0) == (fnr == 0)
    fpr, fnr = fpr[kept], fnr[kept]
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = np.log(1.0 - delta - fpr) - np.log(fnr)
        backward = np.log(1.0 - delta - fnr) - np.log(fpr)
    both = np.fmax(forward, backward)
    return np.asarray(np.maximum(0.0, both[~np.isnan(both)]))
