"""Divergences of margins by set, an independent view beside epsilon: KLoM, and mean and spread."""

from __future__ import annotations

import numpy as np

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.metric.klom import jeffreys_divergence, klom

SETS = ("forget", "retain", "val")
PERCENTILE = 95

DIVERGENCES = {"klom": klom, "jeffreys": jeffreys_divergence}


def compute(evidence: Evidence) -> Measured:
    """Return the 95th percentile over examples by set, and the control bank's beside it."""
    values: dict[str, dict[str, float]] = {name: {} for name in DIVERGENCES}
    for set_name in SETS:
        truth = evidence.banks["oracle"].confidence(set_name)
        for suffix, role in (("", "unlearned"), ("_ceiling", "control")):
            bank = evidence.banks[role].confidence(set_name)
            for name, divergence in DIVERGENCES.items():
                percentile = float(np.percentile(divergence(bank, truth), PERCENTILE))
                values[name][f"{set_name}{suffix}"] = percentile
    return Measured(values)


def _by_set(name: str, about: str, line: str) -> tuple[Measurement, ...]:
    """Return an entry for each set."""
    return tuple(
        Measurement(
            f"{name}.{set_name}",
            about.format(set_name),
            unit="nats",
            higher_is_better=False,
            ceiling=f"{name}.{set_name}_ceiling",
            diagnosis_line=line.format(set_name),
            digits=2,
            place=150,
        )
        for set_name in SETS
    )


MEASURE = Measure(
    name="klom",
    summary="divergences of the margins over models, forget, retain and validation set apart",
    needs=frozenset({"unlearned", "oracle", "control"}),
    compute=compute,
    measurements=(
        *_by_set(
            "klom",
            "KL divergence of histograms from the oracles' on {}, 95th percentile over examples;"
            " a spread that is too small and outliers lower it: read `jeffreys` beside",
            "KLoM on {}, p95, misses small spread and outliers (ceiling)",
        ),
        *_by_set(
            "jeffreys",
            "KL divergence in both directions between normal laws of the same means and spreads"
            " on {}, at most 100, 95th percentile over examples",
            "Jeffreys divergence of mean and spread on {}, p95 (ceiling)",
        ),
    ),
)
