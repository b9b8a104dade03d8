"""Accuracies by set: of the unlearned models, and of whatever other bank is there."""

from __future__ import annotations

from typing import Any

from scorer.measures.base import Evidence, Measure, Measured, Measurement

SETS = ("retain", "forget", "val", "test")

FIELDS = {
    "unlearned": "accuracy",
    "oracle": "oracle_accuracy",
    "control": "control_accuracy",
    "floor": "original_accuracy",
}
"""Field of the mean accuracies of each bank, by role."""


def compute(evidence: Evidence) -> Measured:
    """Return mean accuracies over models, and those of single models as arrays."""
    accuracies = {
        role: {name: evidence.banks[role].accuracy(name) for name in SETS}
        for role in FIELDS
        if role in evidence.banks
    }
    values: dict[str, Any] = {
        FIELDS[role]: {name: float(of_models.mean()) for name, of_models in by_set.items()}
        for role, by_set in accuracies.items()
    }
    for name in ("retain", "test", "forget"):
        values[f"{name}_accuracy"] = values["accuracy"][name]
    arrays = {
        f"{role}_accuracy_{name}": of_models
        for role, by_set in accuracies.items()
        for name, of_models in by_set.items()
    }
    missing = {
        name: f"needs {role} models" for role, name in FIELDS.items() if role not in accuracies
    }
    return Measured(values, missing, arrays)


def _of_set(set_name: str, place: int, **shown: Any) -> Measurement:
    """Return the entry of one set's accuracy."""
    return Measurement(
        f"{set_name}_accuracy",
        f"mean accuracy of the unlearned models on the {set_name} set, in [0, 1]",
        higher_is_better=None if set_name == "forget" else True,
        ceiling=f"control_accuracy.{set_name}",
        floor=f"original_accuracy.{set_name}",
        score_line=f"{set_name} accuracy",
        place=place,
        **shown,
    )


MEASURE = Measure(
    name="utility",
    summary="what the unlearned models are still good for",
    needs=frozenset({"unlearned"}),
    compute=compute,
    measurements=(
        _of_set("retain", 30, column="RA"),
        _of_set("test", 40, column="TA"),
        _of_set("forget", 50),
        *(
            Measurement(f"{name}.*", f"mean accuracy by set in [0, 1], bank `{role}`", place=90)
            for role, name in FIELDS.items()
        ),
    ),
)
