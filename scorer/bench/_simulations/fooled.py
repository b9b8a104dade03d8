"""What fools which number: models that are not oracles, as every number of a record sees them."""

from __future__ import annotations

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.exchange import permutation_test
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.joint import set_level_test
from scorer.metric.rules import make_rule
from scorer.simulated.banks import normal_bank
from scorer.simulated.fakes import FAKES, Fake
from scorer.simulated.numbers import RULES, readings

N_MODELS, N_EXAMPLES = 64, 130
RHO = 0.3
N_PERMUTATIONS = 39
SIGNIFICANCE = 0.05
REPEATS_PER_ROUND = 4


def row(case: Fake, rng: np.random.Generator, rounds: int) -> Row:
    """Draw fresh oracles, controls and fakes many times."""
    rules = {name: make_rule(name) for name in RULES}
    found, ceilings = [], []
    for repeat in range(REPEATS_PER_ROUND * rounds):
        fresh, control, oracle = (normal_bank(rng, N_MODELS, N_EXAMPLES, rho=RHO) for _ in range(3))
        fake = case.make(rng, fresh, oracle)
        own = readings(fake, oracle)
        ceilings.append([forgetting_quality(control, oracle, r).value for r in rules.values()])
        exchanged = permutation_test(
            fake, oracle, rules["competition"], n_permutations=N_PERMUTATIONS, seed=repeat
        )
        joint = set_level_test(fake, oracle, seed=repeat)
        found.append(
            (
                *(own[name] for name in (*RULES, "KLoM", "Jeffreys")),
                exchanged.p_value <= SIGNIFICANCE,
                *(own[name] for name in ("certified", "mean variance", "distinct")),
                joint.auc,
                joint.p_value <= SIGNIFICANCE,
            )
        )
    means = np.mean(found, axis=0)
    means[: len(RULES)] /= np.mean(ceilings, axis=0)
    return [case.name, *map(float, means), len(found)]


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
