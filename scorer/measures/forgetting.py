"""Forgetting quality, final and relative score, each beside ceiling and floor."""

from __future__ import annotations

from typing import Any

import numpy as np

from scorer.measures.base import Evidence, Measure, Measured, Measurement, Values, value_at
from scorer.metric.forgetting import strata_means
from scorer.metric.utility import final_score, relative_score, utility_ratios

ROLES = ("unlearned", "control", "floor")

NO_CEILING = "the ceiling's final score is 0"


def compute(evidence: Evidence) -> Measured:
    """Score the unlearned models, the control bank and the original against the oracles."""
    quality = {role: evidence.quality(role) for role in ROLES}
    accuracies = {role: evidence.accuracies(role) for role in (*ROLES, "oracle")}
    final = {
        role: final_score(
            quality[role].value, utility_ratios(accuracies[role], accuracies["oracle"])
        )
        for role in ROLES
    }
    relative = relative_score(final["unlearned"], final["control"])
    values = {
        "forgetting_quality": quality["unlearned"].value,
        "ceiling": quality["control"].value,
        "floor": quality["floor"].value,
        "strata": _strata(evidence),
        "final_score": final["unlearned"],
        "ceiling_final_score": final["control"],
        "floor_final_score": final["floor"],
        "relative_score": relative,
    }
    missing = {} if relative is not None else {"relative_score": NO_CEILING}
    return Measured(values, missing, _arrays(evidence))


def _strata(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """Return F of each stratum of the forget set, beside ceiling and floor there."""
    stratum = evidence.stratum
    means = {role: strata_means(evidence.quality(role).points, stratum) for role in ROLES}
    return {
        str(name): {
            "n_examples": int((stratum == name).sum()),
            "forgetting_quality": means["unlearned"][name],
            "ceiling": means["control"][name],
            "floor": means["floor"][name],
        }
        for name in means["unlearned"]
    }


def _arrays(evidence: Evidence) -> dict[str, np.ndarray]:
    """Return what to score again from, and what each example got."""
    own, attacks = evidence.quality("unlearned"), evidence.quality("unlearned").attacks
    return {
        **{f"{role}_confidence": evidence.confidence(role) for role in (*ROLES, "oracle")},
        "epsilons": own.epsilons,
        "points": own.points,
        "ceiling_epsilons": evidence.quality("control").epsilons,
        "family_codes": attacks.family_codes,
        "low_threshold": attacks.low,
        "high_threshold": attacks.high,
        "stratum": evidence.stratum.astype(str),
    }


def _over_ceiling(path: str, values: Values) -> float | None:
    """Return a final score in the values over the ceiling's."""
    final, ceiling = value_at(values, path), value_at(values, "ceiling_final_score")
    return None if final is None or ceiling is None else relative_score(final, ceiling)


MEASURE = Measure(
    name="forgetting",
    summary="how like the oracles the unlearned models answer on the forget set",
    needs=frozenset((*ROLES, "oracle")),
    compute=compute,
    measurements=(
        Measurement(
            "forgetting_quality",
            "F, mean points over the forget set in [0, 1]; 1 is out of reach, see `ceiling`",
            higher_is_better=True,
            error="forgetting_quality_se",
            ceiling="ceiling",
            ceiling_error="ceiling_se",
            floor="floor",
            score_line="forgetting quality F",
            column="F",
            place=10,
        ),
        Measurement(
            "strata.*.n_examples",
            "forget examples in the stratum",
            unit="examples",
            kind=int,
            place=20,
        ),
        Measurement(
            "strata.*.forgetting_quality",
            "F of one stratum of the forget set, such as hard or random",
            higher_is_better=True,
            ceiling="strata.*.ceiling",
            floor="strata.*.floor",
            score_line="  {key} ({n_examples} examples)",
            place=20,
        ),
        Measurement(
            "final_score",
            "F times the ratios of retain and test accuracy to the oracles'; ranks methods",
            higher_is_better=True,
            error="final_score_se",
            ceiling="ceiling_final_score",
            ceiling_error="ceiling_final_score_se",
            floor="floor_final_score",
            score_line="final score",
            column="final score",
            place=70,
        ),
        Measurement(
            "relative_score",
            "final score over the ceiling's; 1 is what perfect unlearning gets",
            higher_is_better=True,
            error="relative_score_se",
            ceiling=lambda values: _over_ceiling("ceiling_final_score", values),
            floor=lambda values: _over_ceiling("floor_final_score", values),
            score_line="relative score",
            column="relative score",
            digits=2,
            place=80,
        ),
    ),
)
