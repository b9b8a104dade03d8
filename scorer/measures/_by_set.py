"""A divergence from the oracles by set, beside the control bank's: what KLoM and Jeffreys share."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.metric.arrays import FloatArray

SETS = ("forget", "retain", "val")
PERCENTILE = 95

Divergence = Callable[[ArrayLike, ArrayLike], FloatArray]
"""Of two banks `(n_models, n_examples)`, the oracles' second: `(n_examples,)`."""


VALUES_AT_ONCE = 2**21
"""Confidences of each bank that are held as float64 at once, 16 MiB: a retain set is large."""


def of_examples(
    divergence: Divergence, models: np.ndarray, oracles: np.ndarray, at_once: int = VALUES_AT_ONCE
) -> FloatArray:
    """Return a divergence of every example `(n_examples,)`, some examples at a time.

    Args:
        divergence: of each example by itself.
        models: `(n_models, n_examples)` confidences.
        oracles: the same of the oracles.
        at_once: confidences of each bank that are worked on together.
    """
    n_models, n_examples = models.shape
    n_blocks = max(1, -(-n_models * n_examples // at_once))
    # Of equal sizes, since one column by itself is summed up in another order.
    edges = np.linspace(0, n_examples, min(n_blocks, max(1, n_examples // 2)) + 1).astype(int)
    parts = [slice(*pair) for pair in itertools.pairwise(edges.tolist())]
    return np.concatenate([divergence(models[:, part], oracles[:, part]) for part in parts])


def measure_by_set(
    name: str, summary: str, divergence: Divergence, *, about: str, line: str
) -> Measure:
    """Return the measure of the 95th percentile of a divergence over the examples of each set.

    Args:
        name: of the measure and of the object that holds its numbers.
        summary: one line.
        divergence: in nats; lower is better.
        about: of a number; `{}` is the name of the set.
        line: label in the table of what to mend, likewise.
    """

    def compute(evidence: Evidence) -> Measured:
        """Return the percentile by set, and the control bank's beside it."""
        values = {}
        for set_name in SETS:
            truth = evidence.banks["oracle"].confidence(set_name)
            for suffix, role in (("", "unlearned"), ("_ceiling", "control")):
                found = of_examples(divergence, evidence.banks[role].confidence(set_name), truth)
                values[f"{set_name}{suffix}"] = float(np.percentile(found, PERCENTILE))
        return Measured({name: values})

    return Measure(
        name=name,
        summary=summary,
        needs=frozenset({"unlearned", "oracle", "control"}),
        compute=compute,
        measurements=tuple(
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
        ),
    )
