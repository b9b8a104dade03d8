"""Attacks on views of simulated banks: what differs is caught by what shows it, and no other."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from scorer.errors import UsageError
from scorer.features.views import VIEWS, features_needed, parse_asked
from scorer.measures import measure
from scorer.metric.confidence import logit_scaled_confidence
from scorer.oracles.outputs import Bank
from tests.measures._banks import simulated_evidence

N_MODELS, N_EXAMPLES, N_CLASSES = 24, 12, 5
LABELS = np.arange(N_EXAMPLES) % N_CLASSES


def bank(
    seed: int, favoured: int = 1, *, turned: float = 0.0, longer: float = 0.0, surer: float = 0.0
) -> Any:
    """Return models whose confidences have one law, whatever else is changed.

    Args:
        seed: of the models.
        favoured: which wrong class, counted from the true one, gets more of the rest.
        turned: added to one cosine.
        longer: added to the length.
        surer: added to the confidence.
    """
    rng = np.random.default_rng(seed)
    shape = N_MODELS, N_EXAMPLES
    others = rng.normal(size=(*shape, N_CLASSES))
    rows = np.arange(N_EXAMPLES)
    others[:, rows, (LABELS + favoured) % N_CLASSES] += 2.0
    others[:, rows, LABELS] = -np.inf
    # The true class's logit is over those of all others together by the confidence.
    confidence = rng.normal(1.0 + surer, 1.0, size=shape)
    others[:, rows, LABELS] = np.log(np.exp(others).sum(axis=-1)) + confidence
    features = rng.normal(size=(*shape, N_CLASSES + 1))
    features[..., 0] += turned
    features[..., -1] += 10.0 + longer
    found = {
        "logits_forget": others.astype(np.float32),
        "confidence_forget": logit_scaled_confidence(
            others.reshape(-1, N_CLASSES), np.tile(LABELS, N_MODELS)
        ).reshape(shape),
        "penultimate_forget": features.astype(np.float32),
    }
    return Bank(found)


def attacked(unlearned: Any, *views: str, **changes: Any) -> dict[str, Any]:
    evidence = simulated_evidence(
        unlearned=unlearned, oracle=bank(2), control=bank(3), floor=None, originals=None
    )
    evidence = dataclasses.replace(evidence, asked=views, labels=LABELS, **changes)
    found: dict[str, Any] = measure(evidence, ["attacks"]).values["attacks"]
    return found


def test_equal_laws_land_on_the_ceiling() -> None:
    for name, one in attacked(bank(1), *VIEWS).items():
        error = np.hypot(one["auc_se"], one["auc_ceiling_se"])
        assert abs(one["auc"] - one["auc_ceiling"]) < 3 * error, name
        assert abs(one["auc"] - 0.5) < 3 * one["auc_se"], name
        assert one["p_value"] > 0.01, name


CAUGHT = [
    ({"favoured": 2}, {"probabilities", "gradient"}),
    ({"turned": 2.0}, {"features"}),
    ({"longer": 20.0}, {"features", "gradient"}),
    ({"surer": 2.0}, {"loss", "probabilities", "gradient"}),
]


@pytest.mark.parametrize(("change", "caught"), CAUGHT, ids=[str(next(iter(c))) for c, _ in CAUGHT])
def test_what_differs_is_caught_by_what_shows_it_alone(
    change: dict[str, Any], caught: set[str]
) -> None:
    found = attacked(bank(1, **change), *VIEWS)
    assert {name for name, one in found.items() if one["p_value"] <= 0.005} == caught
    for name, one in found.items():
        assert (one["auc"] > one["auc_ceiling"] + 3 * one["auc_se"]) == (name in caught), name


def test_only_what_was_asked_for_is_looked_at() -> None:
    banks = {
        role: Bank({"confidence_forget": bank(k).confidence()})
        for k, role in enumerate(("unlearned", "oracle", "control"))
    }
    evidence = simulated_evidence(**banks, floor=None, originals=None)
    none = measure(evidence, ["attacks"])
    assert none.values["attacks"] is None
    assert none.missing["attacks"] == "not asked for: see --features"
    one = measure(dataclasses.replace(evidence, asked=("loss",)), ["attacks"])
    assert one.values["attacks"]["loss"]["auc"] > 0 and one.values["attacks"]["features"] is None
    assert one.missing["attacks.features"] == "not asked for: see --features"


def test_too_few_models_say_so() -> None:
    banks = {role: bank(1).take([0, 1]) for role in ("unlearned", "oracle", "control")}
    evidence = simulated_evidence(**banks, floor=None, originals=None)
    found = measure(dataclasses.replace(evidence, asked=("loss",)), ["attacks"])
    assert found.values["attacks"] is None
    assert "a standard error needs 2 models" in found.missing["attacks"]


def test_the_gradient_is_that_of_the_last_layer() -> None:
    one = bank(1)
    found = VIEWS["gradient"].read(one, LABELS)
    logits = one.output("logits").astype(np.float64)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = (probabilities - np.eye(N_CLASSES)[LABELS]) * one.output("penultimate")[..., -1:]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_list_is_read_in_any_order() -> None:
    assert parse_asked("gradient,loss, probabilities,loss") == ("loss", "probabilities", "gradient")
    assert features_needed(("loss", "probabilities")) == ()
    assert features_needed(("features", "gradient")) == ("penultimate",)


@pytest.mark.parametrize(
    ("text", "message"),
    [("los", r"unknown feature 'los'\. Did you mean loss"), (" ,", "--features must be a list of")],
)
def test_what_is_no_list_of_views_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_asked(text)
