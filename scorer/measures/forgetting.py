"""Forgetting quality, final and relative score, each beside ceiling and floor."""

from __future__ import annotations

from typing import Any

import numpy as np

from scorer.measures.base import Evidence, Measure, Measured, Measurement, Values, value_at
from scorer.metric.forgetting import strata_means
from scorer.metric.utility import final_score, relative_score, utility_ratios

QUALITY = {"unlearned": "forgetting_quality", "control": "ceiling", "floor": "floor"}
"""Field of the forgetting quality of each bank, by role: of the record and of a stratum."""

FINAL = {"unlearned": "final_score", "control": "ceiling_final_score", "floor": "floor_final_score"}
"""Field of the final score of each bank, by role."""

ROLES = (*QUALITY, "oracle")


def compute(evidence: Evidence) -> Measured:
    """Score the unlearned models and the original against the oracles, beside the ceiling."""
    ceiling = evidence.ceiling
    quality = {"control": ceiling.forgetting_quality}
    final = {"control": ceiling.final_score}
    for role in ("unlearned", "floor"):
        ratios = utility_ratios(evidence.accuracies(role), evidence.accuracies("oracle"))
        quality[role] = evidence.quality(role).value
        final[role] = final_score(quality[role], ratios)
    relative = relative_score(final["unlearned"], final["control"])
    values = {
        **{field: quality[role] for role, field in QUALITY.items()},
        **{field: final[role] for role, field in FINAL.items()},
        "strata": _strata(evidence),
        "relative_score": relative,
    }
    missing = {"relative_score": "the ceiling's final score is 0"} if relative is None else {}
    return Measured(values, missing, _arrays(evidence))


def _strata(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """Return F of each stratum of the forget set, beside ceiling and floor there."""
    stratum = evidence.stratum
    points = {role: evidence.quality(role).points for role in ("unlearned", "floor")}
    points["control"] = evidence.ceiling.points
    means = {role: strata_means(each, stratum) for role, each in points.items()}
    return {
        str(name): {
            "n_examples": int((stratum == name).sum()),
            **{field: means[role][name] for role, field in QUALITY.items()},
        }
        for name in means["unlearned"]
    }


def _arrays(evidence: Evidence) -> dict[str, np.ndarray]:
    """Return what to score again from, and what each example got."""
    own, attacks = evidence.quality("unlearned"), evidence.quality("unlearned").attacks
    originals = {} if evidence.originals is None else {"originals": np.array(evidence.originals)}
    return {
        **originals,
        **{f"{role}_confidence": evidence.banks[role].confidence() for role in ROLES},
        "epsilons": own.epsilons,
        "points": own.points,
        "ceiling_points": evidence.ceiling.points,
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
    needs=frozenset(ROLES),
    compute=compute,
    measurements=(
        Measurement(
            "forgetting_quality",
            "F, mean points over the forget set in [0, 1]; 1 is out of reach, see `ceiling`",
            higher_is_better=True,
            error="forgetting_quality_se",
            ceiling="ceiling",
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
