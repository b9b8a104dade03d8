"""Slow, obvious versions of what the metric computes, written from the definitions.

Nothing here is shared with `scorer`: every threshold of the full grids is made and counted.
"""

from __future__ import annotations

import math

import numpy as np

CAP = 50.0


def epsilon_of_counts(fp: int, fn: int, n_models: int, delta: float) -> float:
    """Return epsilon of one attack; nan where the attack is dropped."""
    if fp == 0 and fn == 0:
        return math.inf
    if fp == 0 or fn == 0:
        return math.nan
    fpr, fnr = fp / n_models, fn / n_models
    found = []
    for wrong, other in ((fpr, fnr), (fnr, fpr)):
        numerator = 1.0 - delta - wrong
        if numerator > 0:
            found.append(math.log(numerator) - math.log(other))
        elif numerator == 0:
            found.append(-math.inf)
    return max(0.0, *found) if found else math.nan


def _largest(attacks: set[tuple[int, int]], n_models: int, delta: float) -> float:
    """Return the largest epsilon over (fp, fn) pairs, the cap where none survives."""
    epsilons = [epsilon_of_counts(fp, fn, n_models, delta) for fp, fn in attacks]
    kept = [epsilon for epsilon in epsilons if not math.isnan(epsilon)]
    return min(CAP, max(kept)) if kept else CAP


def competition_attacks(unlearned: np.ndarray, oracle: np.ndarray) -> set[tuple[int, int]]:
    """Return the distinct (fp, fn) over both full grids, for one example."""
    if np.median(oracle) > np.median(unlearned):
        positive, negative = oracle, unlearned
    else:
        positive, negative = unlearned, oracle
    n_models = len(oracle)
    n_models = len(oracle)
    attacks = np.zeros((n_models + 1, n_models + 1), dtype=bool)
    low = min(positive.min(), negative.min())
    high = max(positive.max(), negative.max())
    thresholds = np.linspace(low, high, int(np.ceil((high - low) * 100)))
    fn = np.searchsorted(np.sort(positive), thresholds, "left")
    fp = n_models - np.searchsorted(np.sort(negative), thresholds, "left")
    attacks[fp, fn] = True

    positive_range = positive.max() - positive.min()
    negative_range = negative.max() - negative.min()
    if positive_range >= negative_range:
        peaky, other, width = negative, positive, negative_range
    else:
        peaky, other, width = positive, negative, positive_range
    first = peaky.min() + width - 2.0
    last = peaky.max() + 2.0
    peaky, other = np.sort(peaky), np.sort(other)
    rights = np.linspace(first, last, int(np.ceil((last - first) * 100)))
    lefts = [np.linspace(right - width - 2.0, right - width + 2.0, 400) for right in rights]
    if lefts:
        below = np.array(lefts)
        up_to = rights[:, np.newaxis]
        fp = np.searchsorted(other, up_to, "right") - np.searchsorted(other, below, "left")
        tp = np.searchsorted(peaky, up_to, "right") - np.searchsorted(peaky, below, "left")
        attacks[np.maximum(fp, 0), n_models - np.maximum(tp, 0)] = True
    return {(int(fp), int(fn)) for fp, fn in np.argwhere(attacks)}


def competition_epsilon(unlearned: np.ndarray, oracle: np.ndarray, delta: float = 1e-5) -> float:
    """Return epsilon of one example under the competition rule, by its full grids."""
    ranges = sorted([np.ptp(unlearned), np.ptp(oracle)])
    if ranges[1] > 0 and ranges[0] / ranges[1] < 0.01:
        return CAP
    return _largest(competition_attacks(unlearned, oracle), len(oracle), delta)


def exact_attacks(unlearned: np.ndarray, oracle: np.ndarray) -> set[tuple[int, int]]:
    """Return the (fp, fn) of all intervals between pooled values, both orientations."""
    n_models = len(oracle)
    values = np.unique(np.concatenate([unlearned, oracle]))
    attacks = set()
    for first in range(len(values)):
        for last in range(first, len(values)):
            low, high = values[first], values[last]
            unlearned_inside = int(((unlearned >= low) & (unlearned <= high)).sum())
            oracle_inside = int(((oracle >= low) & (oracle <= high)).sum())
            attacks.add((unlearned_inside, n_models - oracle_inside))
            attacks.add((oracle_inside, n_models - unlearned_inside))
    return attacks


def exact_epsilon(unlearned: np.ndarray, oracle: np.ndarray, delta: float = 1e-5) -> float:
    """Return epsilon of one example under the exact rule, by trying every interval."""
    return _largest(exact_attacks(unlearned, oracle), len(oracle), delta)


def points(epsilon: float, n_models: int) -> float:
    """Return the points of one epsilon by walking through the bins."""
    end, worth = 0.5, 1.0
    while end <= math.ceil(math.log(n_models - 1)):
        if epsilon < end:
            return worth
        end, worth = end + 0.5, worth / 2
    return 0.0


def kl_of_histograms(p_values: np.ndarray, q_values: np.ndarray) -> float:
    """Return KL(p || q) over 20 equal bins of the pooled range, the last one closed."""
    p_values, q_values = np.clip(p_values, -100, 100), np.clip(q_values, -100, 100)
    both = np.concatenate([p_values, q_values])
    low, high = both.min(), both.max()
    if low == high:
        high = low + 1.0
    edges = np.linspace(low, high, 21)
    total = 0.0
    for k in range(20):
        is_last = k == 19
        shares = []
        for values in (p_values, q_values):
            below_end = values <= edges[k + 1] if is_last else values < edges[k + 1]
            shares.append(((values >= edges[k]) & below_end).mean())
        if shares[0] > 0:
            total += shares[0] * math.log(shares[0] / max(shares[1], 1e-5))
    return total
