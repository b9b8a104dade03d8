"""Relearn time and loss barriers of banks whose numbers are known."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from scorer.features.relearning import MOST_STEPS
from scorer.measures import measure
from scorer.measures.base import Measured
from scorer.oracles.outputs import Bank
from tests.measures._banks import simulated_evidence

N_MODELS = 8
TARGET = 0.5


def learning(steps: list[int]) -> Any:
    """Return models whose loss is that of the original after so many steps; -1 for never."""
    losses = np.full((len(steps), MOST_STEPS + 1), 9.0, dtype=np.float32)
    for row, n_steps in zip(losses, steps, strict=True):
        if n_steps >= 0:
            row[n_steps:] = TARGET
    return Bank({"relearning_forget": losses})


ORIGINAL = learning([0] * N_MODELS)


def relearned(unlearned: Any, **banks: Any) -> Measured:
    given = {
        "unlearned": unlearned,
        "oracle": learning([20, 22] * 4),
        "control": learning([21, 23] * 4),
        "floor": ORIGINAL,
    }
    evidence = simulated_evidence(**{**given, **banks}, originals=(0,) * N_MODELS)
    return measure(dataclasses.replace(evidence, asked=("relearning",)), ["relearning"])


def test_the_original_needs_no_step_and_is_told_from_retrained_models() -> None:
    found = relearned(ORIGINAL).values["relearning"]
    assert found["steps"] == found["steps_se"] == found["not_within"] == 0.0
    assert found["steps_ceiling"] == 21.5 and found["p_value"] == 0.001
    retrained = [20, 21, 22, 23] * 4
    assert found["steps_ceiling_se"] == pytest.approx(np.std(retrained, ddof=1) / 4)


def test_what_needs_as_many_steps_is_not_told_apart() -> None:
    found = relearned(learning([20, 21, 22, 23] * 2)).values["relearning"]
    assert found["steps"] == found["steps_ceiling"] and found["p_value"] > 0.5


def test_rounding_is_no_step() -> None:
    losses = np.full((N_MODELS, MOST_STEPS + 1), TARGET, dtype=np.float32)
    losses[:, 0] *= 1 + 1e-6
    assert relearned(Bank({"relearning_forget": losses})).values["relearning"]["steps"] == 0.0


def test_a_model_that_does_not_get_there_leaves_no_mean() -> None:
    some = relearned(learning([1, 2, 3, 4, 5, 6, -1, -1]))
    found = some.values["relearning"]
    assert found["steps"] is found["steps_se"] is None and found["not_within"] == 0.25
    assert some.missing["relearning.steps"] == "not within 100 steps: 2 of 8 unlearned models"
    assert found["steps_ceiling"] == 21.5 and found["not_within_ceiling"] == 0.0
    others = relearned(learning([1] * N_MODELS), oracle=learning([-1] * N_MODELS))
    assert others.values["relearning"]["steps"] == 1.0
    assert others.values["relearning"]["steps_ceiling"] is None
    said = "not within 100 steps: 8 of 16 retrained models"
    assert others.missing["relearning.steps_ceiling"] == said
    assert others.values["relearning"]["p_value"] == 0.001


def test_each_run_is_held_against_its_own_original() -> None:
    losses = ORIGINAL.output("relearning") * np.arange(1, N_MODELS + 1)[:, np.newaxis]
    own = Bank({"relearning_forget": losses.astype(np.float32)})
    assert relearned(own, floor=own).values["relearning"]["steps"] == 0.0
    assert relearned(own).values["relearning"]["not_within"] == 7 / 8


def line(height: float) -> Any:
    """Return models between which and an oracle the loss on forget rises by that in the middle."""
    share = np.linspace(0.0, 1.0, 11)
    hill = height * 4 * share * (1 - share) + share
    return Bank({"line_forget": np.tile(np.stack([hill, 2 * hill], axis=1), (N_MODELS, 1, 1))})


def test_barriers_of_known_lines() -> None:
    banks = {"unlearned": line(0.0), "control": line(3.0), "floor": line(1.0)}
    evidence = simulated_evidence(**banks, oracle=None, originals=(0,) * N_MODELS)
    evidence = dataclasses.replace(
        evidence, asked=("barrier",), banks={**evidence.banks, "oracle": line(9.0)}
    )
    found = measure(evidence, ["barrier"]).values["barrier"]
    expected = {
        "forget": 0.0, "forget_ceiling": 3.0, "forget_floor": 1.0,
        "retain": 0.0, "retain_ceiling": 6.0, "retain_floor": 2.0,
    }  # fmt: skip
    expected |= {f"{name}_se": 0.0 for name in expected if not name.endswith("floor")}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", ["relearning", "barrier"])
def test_nothing_is_looked_at_unless_it_is_asked_for(name: str) -> None:
    found = measure(simulated_evidence(), [name])
    assert found.values[name] is None
    assert found.missing[name] == "not asked for: see --features"


def test_two_models_have_a_mean_and_no_error() -> None:
    evidence = simulated_evidence(
        unlearned=learning([3, 4]), oracle=learning([5, 6]), control=learning([7, 8]),
        floor=learning([0, 0]), originals=(0, 0),
    )  # fmt: skip
    found = measure(dataclasses.replace(evidence, asked=("relearning",)), ["relearning"])
    assert found.values["relearning"]["steps"] == 3.5
    assert found.values["relearning"]["steps_se"] is None
    assert "a standard error needs 2 models" in found.missing["relearning.steps_se"]
