"""The verdict on a score in words that its numbers choose."""

from __future__ import annotations

from scorer.measures.base import value_at
from scorer.reports.words import percent, percent_with_error
from scorer.results.record import Record
from scorer.results.tables import number, p_equation, with_error

CLEAR = 2.0
"""Standard errors from which on a difference is more than noise."""

SIGNIFICANCE = 0.05


def verdict(record: Record) -> str:
    """Return what a record says of its method in one sentence.

    Args:
        record: of any score; one without says why there is none.
    """
    if record.faults:
        return f"There is no score of {record.method}: {record.failure}."
    if record.relative_score is None:
        why = record.why_missing("relative_score")
        return f"There is no relative score of {record.method}: {why}."
    said = [
        f"{record.method} reaches"
        f" {percent_with_error(record.relative_score, record.relative_score_se)} of what retraining"
        " gets",
        _beside_floor(record),
        _like_oracles(record),
        _cost(record),
    ]
    return f"{'; '.join(filter(None, said))}."


def _beside_floor(record: Record) -> str:
    """Return how it stands against doing nothing."""
    floor, ceiling = record.floor_final_score, record.ceiling_final_score
    if floor is None or not ceiling:
        return ""
    floor = floor / ceiling
    mark = f"the untouched original gets {percent(floor)}"
    gain, noise = record.relative_score - floor, CLEAR * (record.relative_score_se or 0.0)
    if record.method == "original":
        return ""
    if gain > noise:
        return f"that is better than doing nothing ({mark})"
    if gain < -noise:
        return f"that is worse than doing nothing ({mark})"
    return f"that is not told from doing nothing ({mark})"


def _like_oracles(record: Record) -> str:
    """Return whether these models can be told from retrained ones."""
    single = record.permutation_p_value
    joint = value_at(record.measured, "joint.p_value")
    n = record.n_models
    if single is not None and single <= SIGNIFICANCE:
        return f"example by example, {n} models tell it from retraining ({p_equation(single)})"
    if joint is not None and joint <= SIGNIFICANCE:
        return (
            f"no single example gives it away, but {n} whole models do, over all examples together"
            f" ({p_equation(joint)})"
        )
    if single is None or joint is None:
        return ""
    return f"{n} models cannot tell it from retraining"


def _cost(record: Record) -> str:
    """Return what a run takes, and whether that is allowed."""
    if record.time_ratio is None:
        return ""
    run = f"a run takes {percent(record.time_ratio)} of a retraining's time"
    if record.compute_ratio is not None:
        run += f" and {percent(record.compute_ratio)} of its arithmetic"
    if record.budget_verdict is None or record.budget is None:
        return run
    allowed = percent(record.budget)
    kept = {"within": "within", "at the limit": "at the limit of"}.get(record.budget_verdict)
    if kept is not None:
        return f"{run}, {kept} the budget of {allowed}"
    return f"{run}: {record.budget_verdict}, the budget is {allowed}"


def headline(record: Record) -> list[tuple[str, str, str]]:
    """Return the numbers at the head of a report: label, value, and what to hold it against."""
    ceiling = value_at(record.measured, "ceiling")
    oracle = record.measured.get("oracle_accuracy") or {}
    rows = [
        (
            "relative score",
            with_error(record.relative_score, record.relative_score_se, 2),
            "1 is retraining",
        ),
        (
            "forgetting quality F",
            with_error(record.forgetting_quality, record.forgetting_quality_se),
            f"ceiling {number(ceiling)}, floor {number(record.floor)}",
        ),
        ("test accuracy", number(record.test_accuracy), f"retrained {number(oracle.get('test'))}"),
        (
            "retain accuracy",
            number(record.retain_accuracy),
            f"retrained {number(oracle.get('retain'))}",
        ),
        (
            "time / retraining",
            number(record.time_ratio, 2),
            f"budget {number(record.budget, 2)}: {record.budget_verdict or 'no verdict'}",
        ),
    ]
    return rows
