"""The order of work: retrainings spread among the runs, an audit behind a first run."""

from __future__ import annotations

import pytest

from scorer.runner.units import order_units

NAMES = {"run": "", "audit": "A", "reference": "R"}


@pytest.mark.parametrize(
    ("runs", "audits", "references", "expected"),
    [
        ("0.0 0.1 0.2 0.3", "", "0.0 0.1", "0.0 R0.0 0.1 R0.1 0.2 0.3"),
        ("", "", "0.0 0.1", "R0.0 R0.1"),
        ("0.5", "", "", "0.5"),
        ("0.0 0.1 1.0 1.1", "0.0 1.0", "0.0", "0.0 A0.0 R0.0 0.1 1.0 A1.0 1.1"),
        ("1.0", "0.0 1.0", "", "A0.0 1.0 A1.0"),
    ],
)
def test_units_are_ordered(runs: str, audits: str, references: str, expected: str) -> None:
    """Units are written as submission.index."""

    def units(text: str, kind: str) -> list:
        pairs = (unit.split(".") for unit in text.split())
        return [(int(job), kind, int(index)) for job, index in pairs]

    found = order_units(units(runs, "run"), units(audits, "audit"), units(references, "reference"))
    assert " ".join(f"{NAMES[kind]}{job}.{index}" for job, kind, index in found) == expected
