"""The attacks of rule `competition` on one example, as plain loops that numba compiles.

The released scorer tries these thresholds and takes the attack with the largest epsilon::

    for t in linspace(lowest, highest, ceil(100 * (highest - lowest))):
        predict the bank with the larger median for confidences >= t

    width = range of the narrower bank
    for R in linspace(min + width - 2, max + 2, ceil(100 * ...)):    # min, max: the narrower bank's
        for L in linspace(R - width - 2, R - width + 2, 400):
            predict the narrower bank for confidences in [L, R]

Here the same thresholds are walked with both banks sorted, and those that cannot win are left out:

- Errors change only where t passes a value, so the first t above each value stands for the others.
- Of all L that leave the same narrow values inside, the highest lets in the fewest wide ones, and
  fewer errors are a stronger attack. It must let in one, though: with errors on one side only the
  attack is discarded. So L comes as close as its grid allows to a narrow value, or to the last wide
  value at or below R where that is lower.
- An L on the value itself would err least. Only where that is stronger than the best attack so far
  are the grids looked at: the one skip test, which few pairs pass.

Grid points are computed by the operations of `np.linspace`, so that each comparison with a value
comes out as with the full grid. Of equally strong attacks the first of this walk is reported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.metric.rules.base import INTERVAL, NONE, RANGE_RATIO, SEPARATED, SINGLE

logger = logging.getLogger("scorer")

Function = TypeVar("Function", bound=Callable[..., Any])
Grid = tuple[float, float, float]
# Ratio, low, high, wrong, missed.
Thresholds = tuple[float, float, float, int, int]

PER_UNIT = 100
BUFFER = 2.0
N_LEFT = 400.0
MIN_RANGE_RATIO = 0.01
# There are 400 R but for rounding; the bound only keeps absurd magnitudes from looping.
_MAX_RIGHT = 1000.0
# One step settles which point is first, unless the spacing itself is lost in rounding.
_MAX_CORRECTIONS = 8


def _compiled(function: Function, *, cache: bool = False) -> Function:
    """Return the function as machine code, in which 1 / 0 is infinite as in NumPy."""
    return cast(Function, numba.njit(function, error_model="numpy", cache=cache))


def _compiled_once(function: Function, signature: str) -> Function:
    """Return the same, kept on disk for the next process if there is anywhere to keep it.

    That is the `__pycache__` beside this file, or else the user's cache folder. What is kept there
    may be damaged, or the disk full: then it is said, and this process compiles for itself.

    Args:
        function: to be compiled.
        signature: the types of its arguments, as numba writes them.
    """
    try:
        kept = _compiled(function, cache=True)
    except RuntimeError:
        return _compiled(function)
    try:
        kept.compile(signature)  # type: ignore[attr-defined]
    except Exception as error:  # Of damaged files, pickle and LLVM raise what they like.
        logger.warning(
            "compiled code in %s can be neither read nor kept (%s: %s), so that it is compiled anew"
            " for each process; delete the files named %s.* there, or make room",
            kept.stats.cache_path,  # type: ignore[attr-defined]
            type(error).__name__,
            error,
            f"{Path(function.__code__.co_filename).stem}.{function.__name__}",
        )
        return _compiled(function)
    return kept


@_compiled
def ratio_from_counts(wrong: int, missed: int, n_models: int, delta: float) -> float:
    """Return what `scorer.metric.counts.ratio_from_counts` does, for one attack."""
    if wrong == 0 and missed == 0:
        return np.inf
    n_counted = n_models * (1.0 - delta)
    fewer, more = min(wrong, missed), max(wrong, missed)
    if fewer == 0 or fewer > n_counted:
        return -np.inf
    return (n_counted - more) / fewer


@_compiled
def point(grid: Grid, index: float) -> float:
    """Return one point of `np.linspace(start, stop, count)`."""
    start, stop, count = grid
    if index > 0 and index == count - 1.0:
        return stop
    return index * ((stop - start) / max(count - 1.0, 1.0)) + start


@_compiled
def first_above(grid: Grid, value: float) -> float:
    """Return the index of the first point > value, `count` where there is none."""
    start, stop, count = grid
    position = np.ceil((value - start) / ((stop - start) / max(count - 1.0, 1.0)))
    index = float(np.fmax(np.fmin(position, count), 0.0))
    for _ in range(_MAX_CORRECTIONS):
        if index > 0 and point(grid, index - 1.0) > value:
            index -= 1.0
        elif index < count and point(grid, index) <= value:
            index += 1.0
        else:
            break
    return index


@_compiled
def strongest_single(positive: FloatArray, negative: FloatArray, delta: float) -> Thresholds:
    """Return the strongest attack that predicts one bank at or above a threshold."""
    n_models = len(positive)
    lowest, highest = min(positive[0], negative[0]), max(positive[-1], negative[-1])
    grid = lowest, highest, np.ceil((highest - lowest) * PER_UNIT)
    positive, negative = np.append(positive, np.inf), np.append(negative, np.inf)
    best = -np.inf, np.nan, np.nan, -1, -1
    # How many values of either bank lie below the threshold.
    missed = passed = 0
    for _ in range(2 * n_models):
        value = min(positive[missed], negative[passed])
        index = first_above(grid, value)
        if index == grid[2]:
            break
        threshold = point(grid, index)
        while positive[missed] < threshold or positive[missed] == value:
            missed += 1
        while negative[passed] < threshold or negative[passed] == value:
            passed += 1
        wrong = n_models - passed
        ratio = ratio_from_counts(wrong, missed, n_models, delta)
        if ratio > best[0]:
            best = ratio, threshold, np.inf, wrong, missed
    return best


@_compiled
def strongest_interval(
    narrow: FloatArray, wide: FloatArray, delta: float, best: Thresholds
) -> Thresholds:
    """Return the strongest attack that predicts the narrower bank between two thresholds.

    Args:
        narrow: the bank of the smaller range, ascending.
        wide: the other, ascending.
        delta: in `[0, 1)`.
        best: an attack to beat; returned where none is stronger.
    """
    n_models = len(narrow)
    width = narrow[-1] - narrow[0]
    start, stop = narrow[0] + width - BUFFER, narrow[-1] + BUFFER
    grid = start, stop, np.ceil((stop - start) * PER_UNIT)
    n_right = int(max(min(grid[2], _MAX_RIGHT), 0.0))
    rights = [point(grid, float(index)) for index in range(n_right)]
    narrow, wide = np.append(narrow, np.inf), np.append(wide, np.inf)
    # How many wide values lie below each narrow one.
    wide_below = np.searchsorted(wide, narrow)
    # How many values of either bank lie at or below R.
    inside = passed = first = 0
    while first < n_right:
        while inside < n_models and narrow[inside] <= rights[first]:
            inside += 1
        while passed < n_models and wide[passed] <= rights[first]:
            passed += 1
        # All R up to here take in the same narrow values, and later ones more of the wide.
        end = first + 1
        while end < n_right and rights[end] < narrow[inside]:
            end += 1
        # How many narrow values lie below L.
        for cut in range(inside + 1):
            missed = n_models - inside + cut
            up_to = passed
            for index in range(first, end):
                right = rights[index]
                while up_to < n_models and wide[up_to] <= right:
                    up_to += 1
                wrong = max(up_to - wide_below[cut], min(missed, 1))
                if ratio_from_counts(wrong, missed, n_models, delta) <= best[0]:
                    break
                reach = narrow[cut]
                if missed > 0:
                    reach = min(reach, wide[up_to - 1] if up_to else -np.inf)
                attack = closest_interval(narrow, wide, right, width, reach, delta)
                if attack[0] > best[0]:
                    best = attack
        first = end
    return best


@_compiled
def closest_interval(
    narrow: FloatArray, wide: FloatArray, right: float, width: float, reach: float, delta: float
) -> Thresholds:
    """Return the attack between the last L at or below `reach` and R; ratio -inf without an L."""
    middle = right - width
    grid = middle - BUFFER, middle + BUFFER, N_LEFT
    index = first_above(grid, reach) - 1.0
    if index < 0:
        return -np.inf, np.nan, np.nan, -1, -1
    left = point(grid, index)
    wrong = int(np.searchsorted(wide, right, "right") - np.searchsorted(wide, left))
    inside = int(np.searchsorted(narrow, right, "right") - np.searchsorted(narrow, left))
    # Both banks end with an infinity, which no R takes in.
    n_models = len(narrow) - 1
    missed = n_models - inside
    return ratio_from_counts(wrong, missed, n_models, delta), left, right, wrong, missed


@partial(_compiled_once, signature="(float64[::1], float64[::1], float64)")
def strongest_attack(
    unlearned: FloatArray, oracle: FloatArray, delta: float
) -> tuple[int, bool, float, float, float, int, int]:
    """Return the strongest attack on one example.

    Args:
        unlearned: float64 `(n_models,)` confidences, ascending.
        oracle: the same of the oracles.
        delta: in `[0, 1)`.

    Returns:
        Family code, whether the oracle is predicted between the thresholds, ratio, low, high, false
        positives and false negatives, as in `EpsilonResult`.
    """
    low, high = (len(oracle) - 1) // 2, len(oracle) // 2
    oracle_is_larger = (oracle[low] + oracle[high]) / 2 > (unlearned[low] + unlearned[high]) / 2
    oracle_range, unlearned_range = oracle[-1] - oracle[0], unlearned[-1] - unlearned[0]
    oracle_is_narrow = oracle_range < unlearned_range
    if oracle_range == unlearned_range:
        oracle_is_narrow = not oracle_is_larger
    narrow, wide = (oracle, unlearned) if oracle_is_narrow else (unlearned, oracle)
    if min(oracle_range, unlearned_range) / max(oracle_range, unlearned_range) < MIN_RANGE_RATIO:
        return RANGE_RATIO, oracle_is_narrow, np.inf, np.nan, np.nan, -1, -1

    larger, smaller = (oracle, unlearned) if oracle_is_larger else (unlearned, oracle)
    single = strongest_single(larger, smaller, delta)
    best = strongest_interval(narrow, wide, delta, single)
    family, oracle_inside = INTERVAL, oracle_is_narrow
    if not best[0] > single[0]:
        family, oracle_inside = SINGLE, oracle_is_larger
    if best[0] == np.inf:
        family = SEPARATED
    if best[0] == -np.inf:
        family, oracle_inside = NONE, False
    return family, oracle_inside, *best
