"""Loss barriers: how high the loss rises between the weights of a model and those of an oracle."""

from __future__ import annotations

from typing import Any

from scorer.features.views import BARRIER
from scorer.measures.base import (
    NOT_ASKED_FOR,
    Evidence,
    Measure,
    Measured,
    Measurement,
    mean_and_error,
)
from scorer.metric.barrier import loss_barriers

SETS = ("forget", "retain")
"""What the loss is of, in the order of the last axis of what is walked."""

ROLES = (("", "unlearned"), ("_ceiling", "control"), ("_floor", "floor"))


def compute(evidence: Evidence) -> Measured:
    """Return the mean barrier between model i and oracle i: of runs, of controls, of originals."""
    if BARRIER not in evidence.asked:
        return Measured(missing={"barrier": NOT_ASKED_FOR})
    values: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for suffix, role in ROLES:
        losses = evidence.banks[role].output("line")
        for column, set_name in enumerate(SETS):
            found, name = loss_barriers(losses[..., column]), f"{set_name}{suffix}"
            if role == "floor":
                values[name] = float(found.mean())
                continue
            originals = evidence.originals if role == "unlearned" else None
            mean, why = mean_and_error(f"barrier.{name}", found, originals)
            values |= mean
            missing |= why
    return Measured({"barrier": values}, missing)


MEASURE = Measure(
    name="barrier",
    summary="how high the loss rises on the straight line from a model's weights to an oracle's",
    needs=frozenset({"unlearned", "oracle", "control", "floor"}),
    compute=compute,
    measurements=tuple(
        Measurement(
            f"barrier.{set_name}",
            f"largest excess of the loss on {set_name} on the straight line between the weights of"
            " an unlearned model and those of an oracle, over the losses between those of the ends,"
            " mean over pairs; 0: none",
            unit="nats",
            error=f"barrier.{set_name}_se",
            ceiling=f"barrier.{set_name}_ceiling",
            floor=f"barrier.{set_name}_floor",
            diagnosis_line=f"loss barrier to an oracle on {set_name} (ceiling)",
            place=146,
            digits=2,
            is_extra=True,
        )
        for set_name in SETS
    ),
)
