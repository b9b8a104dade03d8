"""What fools which number: models that are not oracles, as every number of a record sees them."""

from __future__ import annotations

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.bounds import epsilon_lower_bounds
from scorer.metric.exchange import permutation_test
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.joint import effective_models, mean_variance_ratio, set_level_test
from scorer.metric.klom import jeffreys_divergence, klom
from scorer.metric.rules import make_rule
from scorer.simulated.banks import normal_bank
from scorer.simulated.fakes import FAKES, Fake

N_MODELS, N_EXAMPLES = 64, 130
RHO = 0.3
N_PERMUTATIONS = 39
PERCENTILE = 95
SIGNIFICANCE = 0.05
REPEATS_PER_ROUND = 4


def row(case: Fake, rng: np.random.Generator, rounds: int) -> Row:
    """Draw fresh oracles, controls and fakes many times."""
    rules = make_rule("competition"), make_rule("exact")
    found, qualities = [], []
    for repeat in range(REPEATS_PER_ROUND * rounds):
        fresh, control, oracle = (normal_bank(rng, N_MODELS, N_EXAMPLES, rho=RHO) for _ in range(3))
        fake = case.make(rng, fresh, oracle)
        qualities.append(
            [[forgetting_quality(bank, oracle, r).value for r in rules] for bank in (fake, control)]
        )
        exchanged = permutation_test(
            fake, oracle, rules[0], n_permutations=N_PERMUTATIONS, seed=repeat
        )
        joint = set_level_test(fake, oracle, seed=repeat)
        divergences = [one(fake, oracle) for one in (klom, jeffreys_divergence)]
        found.append(
            (
                *(np.percentile(each, PERCENTILE) for each in divergences),
                exchanged.p_value <= SIGNIFICANCE,
                (epsilon_lower_bounds(fake, oracle).epsilons_lb > 0).mean(),
                mean_variance_ratio(fake).value,
                effective_models(fake, oracle),
                joint.auc,
                joint.p_value <= SIGNIFICANCE,
            )
        )
    quality, ceiling = np.mean(qualities, axis=0)
    return [case.name, *map(float, (*quality / ceiling, *np.mean(found, axis=0))), len(found)]


SIMULATION = Simulation(
    "fooled",
    "what fools which number",
    f"Oracles are normal with a share {RHO} of the variance common to all examples of a model,"
    f" N={N_MODELS}, S={N_EXAMPLES}. Means over repeats: score relative to a control bank's by"
    f" either rule; KLoM and Jeffreys divergence, 95th percentile over examples; how often p by"
    " exchanging models under F is at most .05; share of examples with a certified epsilon above"
    " 0; variance of model means over that of independent examples, effective number of models,"
    " AUC of the set-level attack, and how often its p is at most .05. A number is fooled where"
    " it is no worse than in the first row.",
    (
        "models", "competition", "exact", "KLoM", "Jeffreys", "p <= .05", "certified",
        "mean variance", "distinct", "AUC", "p joint <= .05", "n",
    ),
    FAKES,
    row,
)  # fmt: skip
