"""What a pass costs at each batch size, told from a few runs at two of them.

Smaller batches make more steps of the same arithmetic, so a pass costs a constant and another one
for each of its steps, whose number goes by the reciprocal of the batch size. Two sizes tell both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scorer.results.record import Record
from scorer.tuning.constants import Value, Values
from scorer.tuning.draw import BATCH_SIZE, LARGEST_FACTOR, at_batch_size

SAFE_SHARE = 0.95
"""Share of the budget up to which lengths are drawn, since the time of a few runs is uncertain."""

PROBED = (32, 256)
"""Batch sizes that are run: far apart, but not the smallest, whose runs take the longest."""

METERS = ("time_ratio", "compute_ratio")


def probes(start: Values) -> dict[Value | None, Values]:
    """Return the values of the runs that tell costs, by batch size; None where there is none."""
    if BATCH_SIZE not in start:
        return {None: start}
    return {size: at_batch_size(start, size) for size in PROBED}


def longest_lengths(
    records: Mapping[Value | None, Record], sizes: Sequence[Value | None]
) -> dict[Value | None, float]:
    """Return the factor on the lengths of the file that the budget allows, at each batch size.

    Args:
        records: of the probes, by batch size; one that failed tells nothing. Where none is left,
            the factor is 1.
        sizes: wanted.
    """
    budget = next(iter(records.values())).budget
    worst: dict[Value | None, float] = dict.fromkeys(sizes, 0.0)
    for meter in METERS:
        measured = {size: each.measured.get(meter) for size, each in records.items()}
        known = {size: float(ratio) for size, ratio in measured.items() if ratio}
        for size in sizes if known else ():
            worst[size] = max(worst[size], _cost(known, size))
    if budget is None:
        return dict.fromkeys(sizes, 1.0)
    return {
        size: min(SAFE_SHARE * budget / cost, LARGEST_FACTOR) if cost else 1.0
        for size, cost in worst.items()
    }


def _cost(known: Mapping[Value | None, float], size: Value | None) -> float:
    """Return the cost at a batch size, on the line through those that are known.

    It is a line over the reciprocal of the size. The cost of a step cannot be below 0, and that
    of a pass is never taken for less than the least that was measured.
    """
    if size is None or len(known) == 1:
        return next(iter(known.values()))
    places = {1.0 / float(each or 1): cost for each, cost in known.items()}
    (low, at_low), (high, at_high) = sorted(places.items())
    slope = max(0.0, (at_high - at_low) / (high - low))
    return max(min(known.values()), at_low + slope * (1.0 / float(size) - low))
