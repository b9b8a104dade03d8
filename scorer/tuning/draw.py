"""Which values are tried: a Latin hypercube around those of the file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats.qmc import LatinHypercube

from scorer.tuning.constants import Value, Values

LARGEST_FACTOR = 4.0
"""A constant is tried between its value over this and its value times this, on a log scale."""

BATCH_SIZE = "BATCH_SIZE"
"""The constant that is drawn from `BATCH_SIZES`."""

BATCH_SIZES = (16, 32, 64, 128, 256)

LENGTH = "EPOCHS"
"""Constants with this in their names move together, by one factor: the length of a run."""


def draw_trials(
    start: Values, method: str, n_trials: int, longest: Mapping[Value | None, float]
) -> list[dict[str, Value]]:
    """Return the values of each trial, three digits each; the first are those of the file.

    Each constant takes one value in each of as many equal parts of its range as there are trials.
    What the range is follows from the constant:

    - a length is between half of the largest that the budget allows, or of the file's where that
      is less, and the largest;
    - a batch size is one of `BATCH_SIZES`, and a truth value one of two;
    - a share is drawn by its odds, so that it stays between 0 and 1;
    - a rate is drawn around its value times the square root of the batch size's change, since
      smaller batches need smaller steps;
    - anything else is drawn around its value.

    Args:
        start: values of the file.
        method: its name; the draw depends on it and on the names of the constants alone.
        n_trials: with the first.
        longest: factor on the file's lengths that the budget allows, at each batch size; at None
            where there is no batch size.
    """
    axes = [name for name in start if LENGTH not in name]
    if len(axes) < len(start):
        axes.append(LENGTH)
    digest = hashlib.sha256(f"tune/{method}/{'/'.join(start)}".encode()).digest()
    hypercube = LatinHypercube(len(axes), rng=np.random.default_rng(list(digest)))
    places = hypercube.random(n_trials - 1)
    drawn = [_at(start, dict(zip(axes, row, strict=True)), longest) for row in places.tolist()]
    return [dict(start), *drawn]


def at_batch_size(start: Values, size: Value) -> dict[str, Value]:
    """Return the values of the file at another batch size: rates follow it, all else stays."""
    growth = math.sqrt(size / start[BATCH_SIZE])
    changed = {name: value * growth for name, value in start.items() if "RATE" in name}
    rates = {name: _like(start[name], value) for name, value in changed.items()}
    return {**start, **rates, BATCH_SIZE: size}


def _at(
    start: Values, place: Mapping[str, float], longest: Mapping[Value | None, float]
) -> dict[str, Value]:
    """Return the values at a place in the unit cube."""
    size = _chosen(BATCH_SIZES, place[BATCH_SIZE]) if BATCH_SIZE in start else None
    growth = math.sqrt(size / start[BATCH_SIZE]) if size else 1.0
    largest = longest[size]
    length = largest * min(0.5, 0.5 / largest) ** (1.0 - place.get(LENGTH, 1.0))
    found: dict[str, Value] = {}
    for name, value in start.items():
        factor = LARGEST_FACTOR ** (2.0 * place.get(name, 0.5) - 1.0)
        if name == BATCH_SIZE and size:
            found[name] = size
        elif isinstance(value, bool):
            found[name] = _chosen((False, True), place[name])
        elif LENGTH in name:
            found[name] = _like(value, value * length)
        elif "SHARE" in name:
            odds = factor * value / (1.0 - value)
            found[name] = _like(value, odds / (1.0 + odds))
        elif "RATE" in name:
            found[name] = _like(value, value * factor * growth)
        else:
            found[name] = _like(value, value * factor)
    return found


def _chosen(choices: Sequence[Value], place: float) -> Value:
    """Return one of some choices by a place in [0, 1)."""
    return choices[int(len(choices) * place)]


def _like(old: Value, new: float) -> Value:
    """Return a number with three digits; a count stays a count of at least 1."""
    return max(1, round(new)) if isinstance(old, int) else float(f"{new:.3g}")
