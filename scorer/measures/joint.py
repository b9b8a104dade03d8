"""The joint law: what one example at a time does not tell of the unlearned models."""

from __future__ import annotations

import math

import numpy as np

from scorer.measures.base import Evidence, Measure, Measured, Measurement, n_draws
from scorer.metric.joint import effective_models, mean_variance_ratio, set_level_test

N_PERMUTATIONS = 199
MIN_PERMUTATIONS = 39

REASONS = {
    "mean_variance_ratio": "the unlearned models have no spread",
    "n_effective": "the oracles hold copies of each other, or vary on too few examples",
}
"""Why a number has no value, by its name."""


def compute(evidence: Evidence) -> Measured:
    """Return how the unlearned models differ from oracles as wholes, and the same of controls."""
    unlearned, oracle, control = (
        evidence.confidence(r) for r in ("unlearned", "oracle", "control")
    )
    ratio = mean_variance_ratio(unlearned)
    # One law, and a ratio that does not depend on N: twice the models know it better.
    ceiling_ratio = mean_variance_ratio(np.concatenate([oracle, control]))
    n_permutations = n_draws(N_PERMUTATIONS, MIN_PERMUTATIONS, oracle.size)
    test = set_level_test(unlearned, oracle, n_permutations=n_permutations)
    values = {
        "mean_variance_ratio": ratio.value,
        "mean_variance_ratio_se": ratio.standard_error,
        "mean_variance_ratio_ceiling": ceiling_ratio.value,
        "mean_variance_ratio_ceiling_se": ceiling_ratio.standard_error,
        "n_effective": effective_models(unlearned, oracle),
        "n_effective_ceiling": effective_models(control, oracle),
        "auc": test.auc,
        "auc_ceiling": set_level_test(control, oracle, n_permutations=1).auc,
        "p_value": test.p_value,
    }
    missing = {f"joint.{name}": why for name, why in REASONS.items() if math.isnan(values[name])}
    return Measured({"joint": values}, missing)


MEASURE = Measure(
    name="joint",
    summary="whether the unlearned models are like oracles over all forget examples together",
    needs=frozenset({"unlearned", "oracle", "control"}),
    compute=compute,
    measurements=(
        Measurement(
            "joint.mean_variance_ratio",
            "variance over models of the mean confidence, times S over the mean variance of an"
            " example; 1 for independent examples; below the ceiling it is independent noise, above"
            " it whole models are off",
            error="joint.mean_variance_ratio_se",
            ceiling="joint.mean_variance_ratio_ceiling",
            diagnosis_line="variance of model means / independence (ceiling)",
            digits=2,
            place=135,
        ),
        Measurement(
            "joint.mean_variance_ratio_ceiling",
            "`joint.mean_variance_ratio` of oracles and control models together",
            place=135,
        ),
        Measurement(
            "joint.mean_variance_ratio_ceiling_se",
            "standard error of `joint.mean_variance_ratio_ceiling` over models",
            place=135,
        ),
        Measurement(
            "joint.n_effective",
            "effective number of distinct models, in [1, N]; 8 for 8 models N/8 times each",
            unit="models",
            higher_is_better=True,
            ceiling="joint.n_effective_ceiling",
            diagnosis_line="distinct models, effective number (ceiling)",
            digits=1,
            place=135,
        ),
        Measurement(
            "joint.auc",
            "AUC of a cross-fitted attack that sees all forget examples of a model; 0.5 is best",
            higher_is_better=False,
            ceiling="joint.auc_ceiling",
            diagnosis_line="set-level attack, AUC (ceiling)",
            digits=2,
            place=135,
        ),
        Measurement(
            "joint.p_value",
            "chance of such an AUC if unlearned models and oracles had one joint law",
            higher_is_better=True,
            diagnosis_line="p joint (no difference to the set-level attack)",
            column="p joint",
            place=135,
        ),
    ),
)
