"""Whether a submission keeps its budget: of time and of arithmetic, both."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.measures.costs import BY_THE_KIT, NOT_AUDITED, Ratio

FIELDS = ("within_budget", "budget_verdict")


def compute(evidence: Evidence) -> Measured:
    """Return the verdict of both meters, over all requests; none where one has no reading."""
    if evidence.costs is None:
        return Measured(missing=dict.fromkeys(FIELDS, BY_THE_KIT))
    ratios: list[tuple[Ratio, Ratio]] = []
    for costs in evidence.costs_by_request or (evidence.costs,):
        computed = costs.compute_ratio()
        if costs.why_untimed or computed is None:
            return Measured(missing=dict.fromkeys(FIELDS, costs.why_untimed or NOT_AUDITED))
        ratios.append((costs.time_ratio(), computed))
    verdicts = [[one.verdict(evidence.budget) for one in both] for both in ratios]
    over = [
        name
        for name, found in zip(("time", "compute"), zip(*verdicts, strict=True), strict=True)
        if "over" in found
    ]
    if over:
        verdict = f"over ({'both' if len(over) == 2 else over[0]})"
    else:
        verdict = max((timed for timed, _ in verdicts), key=("within", "at the limit").index)
    within = all(one.value <= evidence.budget for both in ratios for one in both)
    return Measured({"within_budget": within, "budget_verdict": verdict})


MEASURE = Measure(
    name="budget",
    summary="whether time and arithmetic of a run stay within the budget",
    needs=frozenset(),
    compute=compute,
    measurements=(
        Measurement(
            "within_budget",
            "whether `time_ratio` and `compute_ratio` are both at most `budget`, of a stream those"
            " of each request",
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
