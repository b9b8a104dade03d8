"""Whether F tells the unlearned models from the oracles at all."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement, n_draws
from scorer.metric.exchange import permutation_test

N_PERMUTATIONS = 199
MIN_PERMUTATIONS = 39


def compute(evidence: Evidence) -> Measured:
    """Return the p-value of no difference, the models permuted."""
    truth = evidence.confidence("oracle")
    n_permutations = n_draws(N_PERMUTATIONS, MIN_PERMUTATIONS, truth.size)
    test = permutation_test(
        evidence.confidence("unlearned"), truth, evidence.rule, n_permutations=n_permutations
    )
    return Measured({"permutation_p_value": test.p_value})


MEASURE = Measure(
    name="permutation",
    summary="whether F tells the unlearned models from the oracles at all",
    needs=frozenset({"unlearned", "oracle"}),
    compute=compute,
    measurements=(
        Measurement(
            "permutation_p_value",
            "chance of an F as low if unlearned models and oracles were independent and of one"
            " distribution; runs of one original are independent given this original only",
            higher_is_better=True,
            diagnosis_line="p (no difference from oracles)",
            place=130,
        ),
    ),
)
