"""Attacks on more than the loss: what a classifier tells unlearned models from oracles by."""

from __future__ import annotations

from typing import Any

from scorer.features.views import VIEWS
from scorer.measures.base import (
    NOT_ASKED_FOR,
    Evidence,
    Measure,
    Measured,
    Measurement,
    n_draws,
)
from scorer.metric.attack import cross_fitted_attack
from scorer.metric.jackknife import drawing_units

N_PERMUTATIONS = 199
MIN_PERMUTATIONS = 39


def compute(evidence: Evidence) -> Measured:
    """Attack the unlearned models, and the controls, by every view that was asked for."""
    views = [name for name in evidence.asked if name in VIEWS]
    if not views:
        return Measured(missing={"attacks": NOT_ASKED_FOR})
    try:
        drawing_units(evidence.originals, len(evidence.banks["oracle"].confidence()))
    except ValueError as error:
        return Measured(missing={"attacks": str(error)})
    values: dict[str, Any] = dict.fromkeys(VIEWS)
    for name in views:
        values[name] = _attack(evidence, name)
    missing = {f"attacks.{name}": NOT_ASKED_FOR for name in VIEWS if values[name] is None}
    return Measured({"attacks": values}, missing)


def _attack(evidence: Evidence, view: str) -> dict[str, float]:
    """Return what an attack by one view finds, and what it finds of controls."""
    unlearned, oracle, control = (
        VIEWS[view].read(evidence.banks[role], evidence.labels)
        for role in ("unlearned", "oracle", "control")
    )
    n_models, n_examples = oracle.shape[:2]
    found = cross_fitted_attack(
        unlearned,
        oracle,
        originals=evidence.originals,
        n_permutations=n_draws(N_PERMUTATIONS, MIN_PERMUTATIONS, n_models * n_examples),
    )
    ceiling = cross_fitted_attack(control, oracle, n_permutations=1)
    return {
        "auc": found.auc,
        "auc_se": found.standard_error,
        "auc_ceiling": ceiling.auc,
        "auc_ceiling_se": ceiling.standard_error,
        "p_value": found.p_value,
    }


def _measurements(view: str) -> tuple[Measurement, ...]:
    """Return the numbers of one view."""
    return (
        Measurement(
            f"attacks.{view}.auc",
            f"AUC of a cross-fitted attack on single forget examples that sees {VIEWS[view].about},"
            " mean over examples; 0.5 is best: unlearned models and oracles are not told apart",
            higher_is_better=False,
            error=f"attacks.{view}.auc_se",
            ceiling=f"attacks.{view}.auc_ceiling",
            diagnosis_line=f"attack on {view}, AUC (ceiling)",
            place=140,
            digits=2,
            is_extra=True,
        ),
        Measurement(
            f"attacks.{view}.p_value",
            f"chance of such an AUC, or a larger one, if unlearned models and oracles were of one"
            f" law of {view}",
            higher_is_better=True,
            place=140,
        ),
    )


MEASURE = Measure(
    name="attacks",
    summary="whether attacks that see more than the loss tell unlearned models from oracles",
    needs=frozenset({"unlearned", "oracle", "control"}),
    compute=compute,
    measurements=tuple(one for view in VIEWS for one in _measurements(view)),
)
