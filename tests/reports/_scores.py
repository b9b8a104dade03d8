"""Small scores on disk whose records and arrays belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import make_rule
from scorer.results.provenance import bank_sha256
from scorer.results.record import Record, save_record
from tests.results._records import make_record

N_MODELS = 16
N_EXAMPLES = 20


def banks(
    shift: float, *, n_models: int = N_MODELS, n_examples: int = N_EXAMPLES
) -> dict[str, Any]:
    """Return confidences of every role, the unlearned ones moved away from the oracles'."""
    rng = np.random.default_rng(0)
    shape = (n_models, n_examples)
    found = {role: rng.normal(size=shape) for role in ("oracle", "control", "unlearned")}
    found["unlearned"] = found["unlearned"] + shift
    found["floor"] = np.broadcast_to(rng.normal(size=n_examples) + 4, shape).copy()
    return found


def make_score(
    method: str = "mine", shift: float = 1.0, *, rule: str = "exact", **changes: Any
) -> tuple[Record, dict[str, np.ndarray]]:
    """Return a record and the arrays that it would have been made of."""
    sizes = {name: changes.pop(name) for name in ("n_models", "n_examples") if name in changes}
    by_role = banks(shift, **sizes)
    chosen = make_rule(rule)
    found = forgetting_quality(by_role["unlearned"], by_role["oracle"], chosen)
    control = forgetting_quality(by_role["control"], by_role["oracle"], chosen)
    n_models, n_examples = by_role["oracle"].shape
    half = n_examples // 2
    arrays = {
        **{f"{role}_confidence": bank for role, bank in by_role.items()},
        "epsilons": found.epsilons,
        "points": found.points,
        "ceiling_points": control.points,
        "family_codes": found.attacks.family_codes,
        "low_threshold": found.attacks.low,
        "high_threshold": found.attacks.high,
        "stratum": np.array(["hard"] * half + ["random"] * (n_examples - half)),
    }
    values = {
        "n_models": n_models,
        "rule": rule,
        "delta": chosen.delta,
        "bank_sha256": bank_sha256(by_role),
        "forgetting_quality": found.value,
        "ceiling": control.value,
        "final_score": found.value,
        "ceiling_final_score": control.value,
        "floor_final_score": 0.01,
        "relative_score": found.value / control.value if control.value else None,
    }
    return make_record(method, **{**values, **changes}), arrays


def keep_score(
    results_dir: Path, method: str = "mine", shift: float = 1.0, **changes: Any
) -> Record:
    """Write a score and return its record."""
    record, arrays = make_score(method, shift, **changes)
    save_record(record, arrays, None, results_dir)
    return record
