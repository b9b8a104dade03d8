"""Standard errors of F, final and relative score over models and examples."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement, n_draws
from scorer.metric.ceiling import relative_score_error
from scorer.metric.jackknife import drawing_units, score_errors
from scorer.metric.utility import final_score, utility_ratios

N_DRAWS = 100
MIN_DRAWS = 30

ROLES = ("unlearned", "control", "oracle")


def compute(evidence: Evidence) -> Measured:
    """Return the errors of the score, of the ceiling and of their ratio."""
    ceiling = evidence.ceiling
    values = {
        "ceiling_se": ceiling.forgetting_quality_se,
        "ceiling_final_score_se": ceiling.final_score_se,
    }
    names = ("forgetting_quality_se", "final_score_se", "relative_score_se", "between_originals_sd")
    unlearned, oracle = evidence.confidence("unlearned"), evidence.confidence("oracle")
    try:
        drawing_units(evidence.originals, len(unlearned))
    except ValueError as error:
        return Measured(values, dict.fromkeys(names, str(error)))
    accuracies = evidence.accuracies("unlearned"), evidence.accuracies("oracle")
    found = score_errors(
        unlearned,
        oracle,
        evidence.rule,
        accuracies=accuracies,
        originals=evidence.originals,
        n_draws=n_draws(N_DRAWS, MIN_DRAWS, oracle.size),
    )
    values["forgetting_quality_se"] = found.forgetting_quality
    values["final_score_se"] = found.final_score
    missing = {}
    if ceiling.final_score > 0:
        final = final_score(evidence.quality("unlearned").value, utility_ratios(*accuracies))
        values["relative_score_se"] = relative_score_error(
            final, found.final_score, ceiling.final_score, ceiling.final_score_se
        )
    else:
        missing["relative_score_se"] = "the ceiling's final score is 0"
    if found.between_originals_sd is None:
        missing["between_originals_sd"] = _why_not_between(evidence.originals)
    else:
        values["between_originals_sd"] = found.between_originals_sd
    return Measured(values, missing)


def _why_not_between(originals: tuple[int, ...] | None) -> str:
    """Return why it cannot be told how much F varies from one original to another."""
    if originals is None:
        return "models of no original"
    if len(set(originals)) == 1:
        return "one original: every error holds given this original"
    return "one run an original: the errors hold for the method, runs and originals together"


MEASURE = Measure(
    name="errors",
    summary="standard errors over models and examples of F, final and relative score",
    needs=frozenset(ROLES),
    compute=compute,
    measurements=(
        *(
            Measurement(f"{name}_se", f"standard error of `{name}`", place=place)
            for place, names in (
                (10, ("forgetting_quality", "ceiling")),
                (70, ("final_score", "ceiling_final_score")),
                (80, ("relative_score",)),
            )
            for name in names
        ),
        Measurement(
            "between_originals_sd",
            "standard deviation of F from one original model to another, beyond that of runs",
            score_line="F between originals, sd",
            place=20,
        ),
    ),
)
