"""Whether confidences spread over enough of the rule's unit for F to mean anything."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.metric.diagnosis import tiny_spread_share

WARNING = (
    "on {value:.0%} of the forget examples oracles or unlearned models spread over less than the"
    " rule's grid resolves (0.1 logits under rule competition), and F says little; give"
    " logit-scaled confidences, log p - log(1 - p), where these are probabilities, or take rule"
    " exact, which has no unit"
)
"""What `{value}`, a share of examples above 0, means and what to do."""


def compute(evidence: Evidence) -> Measured:
    """Return the share of forget examples on which either bank spreads over too little."""
    banks = evidence.confidence("unlearned"), evidence.confidence("oracle")
    return Measured({"tiny_spread_share": tiny_spread_share(*banks, evidence.rule.min_spread)})


MEASURE = Measure(
    name="tiny_spread",
    summary="whether confidences spread over more than the rule's grid resolves",
    needs=frozenset({"unlearned", "oracle"}),
    compute=compute,
    measurements=(
        Measurement(
            "tiny_spread_share",
            "share of forget examples with less spread over models than the rule resolves, in"
            " [0, 1]; 0 under rules without a unit; F says little where it is not 0",
            higher_is_better=False,
            diagnosis_line="examples with less spread than the rule resolves, share",
            digits=2,
            place=120,
            hidden_at_zero=True,
            warning=WARNING,
        ),
    ),
)
