"""What a log says of a method: which values are best, and whether they do anything at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scorer.tuning.constants import Values
from scorer.tuning.log import Row, TuningLog

LEAST_GAIN = 0.02
"""Relative score from which two trials count as different, as they do from two standard errors."""

RUINED_BELOW = 0.95
"""Share of the oracles' retain accuracy below which a network counts as ruined."""


@dataclass(frozen=True)
class Verdict:
    """What tuning a method came to.

    Attributes:
        best: row of the best trial of the last rung.
        as_it_is: row of the file as it was.
        values: of the best trial.
        gains: whether the best trial is better than the file by more than noise.
        warning: that no trial is better than the original, or that the best ruins the network,
            with the evidence.
    """

    best: Row
    as_it_is: Row
    values: Values
    gains: bool
    warning: str


def verdict(log: TuningLog) -> Verdict:
    """Return what a finished log says."""
    best = log.ranking[0]
    (as_it_is,) = (row for row in log.ranking if row["trial"] == 0)
    gains = best["within_budget"] and best is not as_it_is and _is_better(best, as_it_is)
    return Verdict(best, as_it_is, log.trials[best["trial"]], gains, _warning(log, best))


def _is_better(best: Row, other: Row) -> bool:
    """Tell whether a row within the budget is better than another by more than noise."""
    if not other["within_budget"]:
        return True
    gain = best["relative_score"] - other["relative_score"]
    errors = best["relative_score_se"], other["relative_score_se"]
    beyond_noise = None not in errors and gain >= 2 * math.hypot(*errors)
    return bool(gain >= LEAST_GAIN or beyond_noise)


def _warning(log: TuningLog, best: Row) -> str:
    """Return what is wrong with the best trial, with the evidence; empty where nothing is."""
    if best["relative_score"] is None:
        return f"every trial fails: {', '.join(best['faults']) or 'no score'}"
    if not best["within_budget"]:
        return "no trial is within the budget"
    first = log.rung(0)
    ruined = sum(1 for row in first if (row["retain_ratio"] or 0.0) < RUINED_BELOW)
    relative, original = best["relative_score"], best["original_relative_score"]
    if relative - original < LEAST_GAIN:
        return (
            f"no trial beats doing nothing: relative {relative:.3f}, the original's {original:.3f};"
            f" {ruined} of {len(first)} trials ruin the network"
        )
    if best["retain_ratio"] < RUINED_BELOW:
        return f"retain accuracy falls to {best['retain_ratio']:.2f} of the oracles'"
    return ""
