"""A record to vary, whose numbers follow from the measures: a new one changes nothing here."""

from __future__ import annotations

from typing import Any

from scorer.measures import fields
from scorer.results.record import Record
from scorer.results.schema import Conditions

PLAUSIBLE = {float: 0.25, int: 65, bool: True, str: "within"}
KEYS = {"strata": ("hard", "random")}
SETS = ("retain", "forget", "val", "test")


def plausible_measured() -> dict[str, Any]:
    """Return a value for every field of every measure."""
    values: dict[str, Any] = {}
    for path, entry in fields().items():
        top = path.split(".")[0]
        for key in KEYS.get(top, SETS) if "*" in path else ("",):
            *parents, leaf = path.replace("*", key).split(".")
            node = values
            for part in parents:
                node = node.setdefault(part, {})
            node[leaf] = PLAUSIBLE[entry.kind]
    return values


def make_record(method: str = "finetune", **changes: Any) -> Record:
    """Return a plausible record with some conditions or measurements changed."""
    conditions: dict[str, Any] = {
        "method": method,
        "method_path": f"baselines/{method}.py",
        "method_sha256": "a" * 64,
        "task": "digits",
        "split_seed": 0,
        "fingerprint": "f" * 64,
        "engine_id": "cpu-loop-float32-torch2.14.1",
        "bank_sha256": "b" * 64,
        "n_models": 64,
        "rule": "competition",
        "delta": 1e-5,
        "design": "reuse-1",
        "scenario": "standard",
        "sandbox": "process",
        "budget": 0.2,
        "faults": [],
        "provenance": {
            "environment": {
                "python": "3.11.7",
                "torch": "2.14.1",
                "numpy": "2.4.6",
                "device_name": "cpu",
            }
        },
        "run_id": f"run-{method}",
        "created_at": "2026-01-01T00:00:00+00:00",
    }
    own = {name: value for name, value in changes.items() if name in Conditions.__struct_fields__}
    measured = {name: value for name, value in changes.items() if name not in own}
    return Record(**{**conditions, **own}, measured={**plausible_measured(), **measured})
