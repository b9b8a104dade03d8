"""Standard errors of F, final and relative score over models: what scoring spends its time on."""

from __future__ import annotations

import numpy as np

from scorer.measures.base import Evidence, Measure, Measured, Measurement, n_draws
from scorer.metric.calibration import bootstrap_relative_score

N_RESAMPLES = 100
MIN_RESAMPLES = 20

ROLES = ("unlearned", "control", "oracle")


def compute(evidence: Evidence) -> Measured:
    """Resample models, and return the standard deviations of what is computed of them."""
    unlearned, control, oracle = (evidence.confidence(role) for role in ROLES)
    of_unlearned, of_control, of_oracle = (evidence.accuracies(role) for role in ROLES)
    found = bootstrap_relative_score(
        unlearned,
        control,
        oracle,
        evidence.rule,
        accuracies=(of_unlearned, of_control, of_oracle),
        n_resamples=n_draws(N_RESAMPLES, MIN_RESAMPLES, oracle.size),
    )
    missing = {}
    if np.isnan(found.relative_score.values).any():
        missing["relative_score_se"] = "the ceiling's final score is 0 in some resamples"
    values = {
        "forgetting_quality_se": found.forgetting_quality.standard_error,
        "ceiling_se": found.ceiling_forgetting_quality.standard_error,
        "final_score_se": found.final_score.standard_error,
        "ceiling_final_score_se": found.ceiling.standard_error,
        "relative_score_se": found.relative_score.standard_error,
    }
    return Measured(values, missing)


MEASURE = Measure(
    name="errors",
    summary="standard errors over models of F, final and relative score",
    needs=frozenset(ROLES),
    compute=compute,
    measurements=tuple(
        Measurement(f"{name}_se", f"standard error of `{name}` over models", place=place)
        for place, names in (
            (10, ("forgetting_quality", "ceiling")),
            (70, ("final_score", "ceiling_final_score")),
            (80, ("relative_score",)),
        )
        for name in names
    ),
)
