"""What a run computes, against one retraining: multiply-adds, equal on every machine."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.measures.costs import BY_THE_KIT, NOT_AUDITED

FIELDS = ("compute_ratio", "multiply_adds", "retraining_multiply_adds")


def compute(evidence: Evidence) -> Measured:
    """Return the counts and their ratio; nothing where no run was audited."""
    costs = evidence.costs
    ratio = costs.compute_ratio() if costs else None
    if costs is None or ratio is None:
        why = NOT_AUDITED if costs else BY_THE_KIT
        return Measured(missing=dict.fromkeys(FIELDS, why))
    return Measured(
        {
            "compute_ratio": ratio.value,
            "multiply_adds": costs.multiply_adds,
            "retraining_multiply_adds": costs.retraining_multiply_adds,
        }
    )


MEASURE = Measure(
    name="compute",
    summary="what a run computes, against a retraining",
    needs=frozenset(),
    compute=compute,
    measurements=(
        Measurement(
            "compute_ratio",
            "multiply-adds of an audited run over those of a retraining, forward and backward",
            higher_is_better=False,
            ceiling=1.0,
            floor=0.0,
            score_line="compute / retraining",
            column="compute / retrain",
            digits=2,
            place=61,
        ),
        Measurement(
            "multiply_adds",
            "counted in the audited run: by formula in products and convolutions, elsewhere one an"
            " element",
            kind=int,
            higher_is_better=False,
            place=63,
        ),
        Measurement(
            "retraining_multiply_adds", "of one retraining, counted alike", kind=int, place=63
        ),
    ),
)
