"""KLoM: divergence of histograms of margins by set, as an independent view beside epsilon."""

from __future__ import annotations

import numpy as np

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.metric.klom import klom

SETS = ("forget", "retain", "val")
PERCENTILE = 95


def compute(evidence: Evidence) -> Measured:
    """Return the 95th percentile over examples by set, and the control bank's beside it."""
    values = {}
    for set_name in SETS:
        truth = evidence.banks["oracle"].confidence(set_name)
        for suffix, role in (("", "unlearned"), ("_ceiling", "control")):
            divergence = klom(evidence.banks[role].confidence(set_name), truth)
            values[f"{set_name}{suffix}"] = float(np.percentile(divergence, PERCENTILE))
    return Measured({"klom": values})


MEASURE = Measure(
    name="klom",
    summary="divergence of the histograms of margins over models",
    needs=frozenset({"unlearned", "oracle", "control"}),
    compute=compute,
    measurements=tuple(
        Measurement(
            f"klom.{name}",
            f"KL divergence from the oracles on {name}, 95th percentile over examples",
            unit="nats",
            higher_is_better=False,
            ceiling=f"klom.{name}_ceiling",
            diagnosis_line=f"KLoM on {name}, 95th percentile (ceiling)",
            digits=2,
            place=150,
        )
        for name in SETS
    ),
)
