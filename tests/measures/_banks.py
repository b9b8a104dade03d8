"""Banks of simulated models, and evidence made of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from scorer.measures.base import Evidence
from scorer.metric.rules import make_rule

SIZES = {"forget": 12, "retain": 30, "val": 10, "test": 20}


@dataclasses.dataclass(frozen=True)
class SimulatedBank:
    """What a measure asks of a bank, from normal confidences."""

    confidences: dict[str, np.ndarray]

    @classmethod
    def of(cls, seed: int, shift: float = 0.0, n_models: int = 16) -> SimulatedBank:
        """Draw confidences about 1 + shift, of spread 2."""
        rng = np.random.default_rng(seed)
        return cls({name: rng.normal(1.0 + shift, 2.0, (n_models, n)) for name, n in SIZES.items()})

    def confidence(self, set_name: str = "forget") -> np.ndarray:
        """Return `(n_models, n_examples)`."""
        return self.confidences[set_name]

    def accuracy(self, set_name: str) -> np.ndarray:
        """Return the share of examples with a positive confidence `(n_models,)`."""
        return (self.confidences[set_name] > 0).mean(axis=1)


def simulated_evidence(**changes: Any) -> Evidence:
    """Return evidence of three banks of one law and a floor apart from them.

    Args:
        changes: of fields of `Evidence`, or of banks by role, None to leave one out.
    """
    banks: dict[str, Any] = {
        "unlearned": SimulatedBank.of(1),
        "oracle": SimulatedBank.of(2),
        "control": SimulatedBank.of(3),
        "floor": SimulatedBank.of(4, shift=99.0),
    }
    banks |= {role: changes.pop(role) for role in list(banks) if role in changes}
    values: dict[str, Any] = {
        "banks": {role: bank for role, bank in banks.items() if bank is not None},
        "stratum": np.array(["hard"] * 4 + ["random"] * 8),
        "rule": make_rule("exact"),
        "budget": 0.2,
        "originals": tuple(run % 4 for run in range(16)),
    }
    return Evidence(**{**values, **changes})
