"""What is certain of single examples: which ones are not forgotten, and by how much."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement

FALSE_DISCOVERY_RATE = 0.05
SIGNIFICANCE = 0.05


def compute(evidence: Evidence) -> Measured:
    """Return how many examples are certainly not forgotten, and the largest lower bound."""
    # Imported here because scipy.stats takes a second, and whoever reads records comes by.
    from scorer.metric import bounds

    unlearned, oracle = evidence.confidence("unlearned"), evidence.confidence("oracle")
    p_values = bounds.benjamini_hochberg(bounds.ks_p_values(unlearned, oracle))
    values = {
        "share_distinguishable": float((p_values <= FALSE_DISCOVERY_RATE).mean()),
        "share_positive": None,
        "largest_epsilon_lb": None,
    }
    if len(unlearned) < bounds.MIN_SPLIT_MODELS:
        few = f"needs at least {bounds.MIN_SPLIT_MODELS} models, got {len(unlearned)}"
        missing = {f"certified.{name}": few for name, value in values.items() if value is None}
        return Measured({"certified": values}, missing)
    # The largest of many bounds holds if all of them hold together: Bonferroni.
    single, together = (
        bounds.epsilon_lower_bounds(
            unlearned, oracle, delta=evidence.rule.delta, significance=significance
        ).epsilons_lb
        for significance in (SIGNIFICANCE, SIGNIFICANCE / unlearned.shape[1])
    )
    values["share_positive"] = float((single > 0).mean())
    values["largest_epsilon_lb"] = float(together.max())
    return Measured({"certified": values})


MEASURE = Measure(
    name="certified",
    summary="lower bounds on epsilon that hold with 95 % confidence",
    needs=frozenset({"unlearned", "oracle"}),
    compute=compute,
    measurements=(
        Measurement(
            "certified.share_distinguishable",
            "share of forget examples told from the oracles' at a false discovery rate of"
            f" {FALSE_DISCOVERY_RATE:g}",
            higher_is_better=False,
            place=140,
        ),
        Measurement(
            "certified.share_positive",
            "share of forget examples whose epsilon is above 0 with 95 % confidence each",
            higher_is_better=False,
            diagnosis_line="examples with certified epsilon > 0",
            digits=2,
            place=140,
        ),
        Measurement(
            "certified.largest_epsilon_lb",
            "largest lower bound on epsilon among the forget examples, with 95 % confidence for all"
            " of them together",
            higher_is_better=False,
            place=140,
        ),
    ),
)
