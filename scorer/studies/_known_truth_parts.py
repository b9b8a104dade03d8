"""What study `known_truth` computes: readings of banks whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scorer.metric.bounds import epsilon_lower_bounds
from scorer.metric.interval_test import exchange_p_values
from scorer.metric.joint import set_level_test
from scorer.metric.rules import make_rule
from scorer.simulated.banks import normal_bank
from scorer.simulated.fakes import FAKES
from scorer.simulated.numbers import RULES, readings
from scorer.studies._known_truth_laws import CASES

DELTA = 1e-5
RHO = 0.3
"""Share of the variance that all examples of a model have in common, of fakes."""

NUMBERS = ("competition", "exact", "KLoM", "Jeffreys", "certified", "mean variance", "distinct",
           "set-level AUC")  # fmt: skip
"""What is read of every fake, in this order."""


def law_part(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return what single examples of a law get; each example is a repeat.

    Args:
        values: "law", "n_models", "n_repeats" and "seed".

    Returns:
        `(n_repeats,)` epsilon by each rule, "bound" and "p"; `(1,)` "truth".
    """
    case = CASES[values["law"]]
    rng = np.random.default_rng(values["seed"])
    drawn = case.law.draw(rng, (values["n_models"], values["n_repeats"]))
    unlearned, oracle = (case.seen(bank) for bank in drawn)
    found = {
        name: make_rule(name, delta=DELTA).epsilons(unlearned, oracle).epsilons for name in RULES
    }
    bounds = epsilon_lower_bounds(unlearned, oracle, delta=DELTA).epsilons_lb
    p_values = exchange_p_values(unlearned, oracle)
    return {**found, "bound": bounds, "p": p_values, "truth": np.array([case.truth.epsilon(DELTA)])}


def fake_part(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return what whole sets of fakes get.

    Args:
        values: "fake", a name, "n_models", "n_examples", "n_repeats" and "seed".

    Returns:
        "readings" `(n_repeats, len(NUMBERS))`.
    """
    (fake,) = [one for one in FAKES if one.name == values["fake"]]
    rng = np.random.default_rng(values["seed"])
    shape = values["n_models"], values["n_examples"]
    found = []
    for repeat in range(values["n_repeats"]):
        fresh, oracle = (normal_bank(rng, *shape, rho=RHO) for _ in range(2))
        unlearned = fake.make(rng, fresh, oracle)
        own = readings(unlearned, oracle)
        joint = set_level_test(unlearned, oracle, n_permutations=1, seed=repeat)
        found.append([*(own[name] for name in NUMBERS[:-1]), joint.auc])
    return {"readings": np.array(found)}
