"""What the numbers of a record say of simulated models: one reading of each."""

from __future__ import annotations

import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.metric.bounds import epsilon_lower_bounds
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.joint import effective_models, mean_variance_ratio
from scorer.metric.klom import jeffreys_divergence, klom
from scorer.metric.rules import make_rule

RULES = ("competition", "exact")
PERCENTILE = 95


def readings(unlearned: FloatArray, oracle: FloatArray) -> dict[str, float]:
    """Return numbers of unlearned models against oracles, by what a table calls them.

    Args:
        unlearned: `(n_models, n_examples)` confidences.
        oracle: the same of the oracles.

    Returns:
        F by each rule; the 95th percentile over examples of both divergences; the share of examples
        with a certified epsilon above 0; the variance of model means over that of independent
        examples; the effective number of models.
    """
    qualities = {
        name: forgetting_quality(unlearned, oracle, make_rule(name)).value for name in RULES
    }
    divergences = {"KLoM": klom, "Jeffreys": jeffreys_divergence}
    return {
        **qualities,
        **{
            name: float(np.percentile(of(unlearned, oracle), PERCENTILE))
            for name, of in divergences.items()
        },
        "certified": float((epsilon_lower_bounds(unlearned, oracle).epsilons_lb > 0).mean()),
        "mean variance": mean_variance_ratio(unlearned).value,
        "distinct": effective_models(unlearned, oracle),
    }
