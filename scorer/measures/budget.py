"""Whether a submission keeps its budget: of time and of arithmetic, both."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.measures.costs import BY_THE_KIT, NOT_AUDITED

FIELDS = ("within_budget", "budget_verdict")


def compute(evidence: Evidence) -> Measured:
    """Return the verdict of both meters; none where one of them has no reading."""
    costs = evidence.costs
    if costs is None:
        return Measured(missing=dict.fromkeys(FIELDS, BY_THE_KIT))
    computed = costs.compute_ratio()
    if costs.why_untimed or computed is None:
        return Measured(missing=dict.fromkeys(FIELDS, costs.why_untimed or NOT_AUDITED))
    timed = costs.time_ratio()
    ratios = {"time": timed, "compute": computed}
    over = [name for name, one in ratios.items() if one.verdict(evidence.budget) == "over"]
    verdict = (
        f"over ({'both' if len(over) == 2 else over[0]})"
        if over
        else timed.verdict(evidence.budget)
    )
    within = all(ratio.value <= evidence.budget for ratio in ratios.values())
    return Measured({"within_budget": within, "budget_verdict": verdict})


MEASURE = Measure(
    name="budget",
    summary="whether time and arithmetic of a run stay within the budget",
    needs=frozenset(),
    compute=compute,
    measurements=(
        Measurement(
            "within_budget",
            "whether `time_ratio` and `compute_ratio` are both at most `budget`",
            higher_is_better=True,
            kind=bool,
            place=62,
        ),
        Measurement(
            "budget_verdict",
            "within, at the limit (the time cannot be told from it), over (time), over (compute),"
            " over (both)",
            kind=str,
            score_line="budget",
            column="budget",
            place=62,
        ),
    ),
)
