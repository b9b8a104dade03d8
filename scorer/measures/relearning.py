"""Relearn time: steps of fine-tuning on the forget set until its loss is that of the original."""

from __future__ import annotations

from typing import Any

import numpy as np

from scorer.features.relearning import MOST_STEPS
from scorer.features.views import RELEARNING
from scorer.measures.base import (
    NOT_ASKED_FOR,
    Evidence,
    Measure,
    Measured,
    Measurement,
    mean_and_error,
)
from scorer.metric.relearning import rank_p_value, steps_to_reach

TOLERANCE = 1e-3
"""Share of the original's loss above it that still counts as that: rounding is no step."""


def compute(evidence: Evidence) -> Measured:
    """Return how many steps unlearned models need, and how many retrained ones do.

    The loss to be reached by run i, and by oracle and control i, is that of the original that run i
    started from. Where a model does not get there in `MOST_STEPS`, its number is not known, and no
    mean is given; ranks need none, and infinity is the last of them.
    """
    if RELEARNING not in evidence.asked:
        return Measured(missing={"relearning": NOT_ASKED_FOR})
    target = evidence.banks["floor"].output("relearning")[:, 0]
    steps = {
        role: steps_to_reach(evidence.banks[role].output("relearning"), target, tolerance=TOLERANCE)
        for role in ("unlearned", "oracle", "control")
    }
    # Oracles and controls are of one law: twice the models know their number better.
    retrained = np.concatenate([steps["oracle"], steps["control"]])
    values: dict[str, Any] = {"p_value": rank_p_value(steps["unlearned"], retrained)}
    missing: dict[str, str] = {}
    for suffix, found, originals, who in (
        ("", steps["unlearned"], evidence.originals, "unlearned models"),
        ("_ceiling", retrained, None, "retrained models"),
    ):
        n_beyond = int(np.count_nonzero(np.isinf(found)))
        values[f"not_within{suffix}"] = n_beyond / found.size
        name = f"steps{suffix}"
        if n_beyond:
            names = name, f"{name}_se"
            values |= dict.fromkeys(names)
            why = f"not within {MOST_STEPS} steps: {n_beyond} of {found.size} {who}"
            missing |= {f"relearning.{each}": why for each in names}
            continue
        mean, reason = mean_and_error(f"relearning.{name}", found, originals)
        values |= mean
        missing |= reason
    return Measured({"relearning": values}, missing)


MEASURE = Measure(
    name="relearning",
    summary="how many steps of fine-tuning bring the forget set back, beside retrained models",
    needs=frozenset({"unlearned", "oracle", "control", "floor"}),
    compute=compute,
    measurements=(
        Measurement(
            "relearning.steps",
            "steps of fine-tuning on the forget set until its loss is that of the original, mean"
            " over models; fewer than retrained models need: it was hidden, not forgotten; the"
            " original itself needs 0",
            unit="steps",
            error="relearning.steps_se",
            ceiling="relearning.steps_ceiling",
            floor=0.0,
            diagnosis_line="steps to relearn (ceiling; original 0)",
            place=145,
            is_extra=True,
            digits=1,
        ),
        Measurement(
            "relearning.not_within",
            f"share of models that do not get there within {MOST_STEPS} steps; where there are any,"
            " no mean number of steps is given",
            ceiling="relearning.not_within_ceiling",
            diagnosis_line=f"not relearned within {MOST_STEPS} steps, share (ceiling)",
            place=145,
            is_extra=True,
            digits=2,
        ),
        Measurement(
            "relearning.p_value",
            "chance of such a difference of ranks from retrained models, or a larger one, if"
            " unlearned models needed as many steps by law",
            higher_is_better=True,
            diagnosis_line="p (as many steps as retrained models)",
            place=145,
            is_extra=True,
        ),
    ),
)
