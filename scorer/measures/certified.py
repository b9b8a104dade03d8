"""What is certain of single examples: which ones are not forgotten, and by how much."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.metric.bounds import (
    MIN_SPLIT_MODELS,
    benjamini_hochberg,
    epsilon_lower_bounds,
    ks_p_values,
)

FALSE_DISCOVERY_RATE = 0.05


def compute(evidence: Evidence) -> Measured:
    """Return how many examples are certainly not forgotten, and the largest lower bound."""
    unlearned, oracle = evidence.confidence("unlearned"), evidence.confidence("oracle")
    rejected = benjamini_hochberg(ks_p_values(unlearned, oracle)) <= FALSE_DISCOVERY_RATE
    share = float(rejected.mean())
    if len(unlearned) < MIN_SPLIT_MODELS:
        few = f"needs at least {MIN_SPLIT_MODELS} models, got {len(unlearned)}"
        none = {"share_positive": None, "largest_epsilon_lb": None}
        missing = {f"certified.{name}": few for name in none}
        return Measured({"certified": {"share_distinguishable": share, **none}}, missing)
    bounds = epsilon_lower_bounds(unlearned, oracle, delta=evidence.rule.delta).epsilons_lb
    return Measured(
        {
            "certified": {
                "share_distinguishable": share,
                "share_positive": float((bounds > 0).mean()),
                "largest_epsilon_lb": float(bounds.max()),
            }
        }
    )


MEASURE = Measure(
    name="certified",
    summary="lower bounds on epsilon that hold with 95 % confidence",
    needs=frozenset({"unlearned", "oracle"}),
    compute=compute,
    measurements=(
        Measurement(
            name="certified.share_distinguishable",
            about="share of forget examples told from the oracles' at a false discovery rate of"
            f" {FALSE_DISCOVERY_RATE:g}",
            higher_is_better=False,
            place=140,
        ),
        Measurement(
            name="certified.share_positive",
            about="share of forget examples whose epsilon is above 0 with 95 % confidence",
            higher_is_better=False,
            diagnosis_line="examples with certified epsilon > 0",
            digits=2,
            place=140,
        ),
        Measurement(
            name="certified.largest_epsilon_lb",
            about="largest lower bound on epsilon among the forget examples",
            higher_is_better=False,
            place=140,
        ),
    ),
)
