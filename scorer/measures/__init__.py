"""Measures by name: what is computed of unlearned models. One file a family of numbers.

A file of `scorer.features` may define one too, so that a feature and its numbers are one file.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.registry import Registry, value

MEASURES: Registry[Measure] = Registry(
    "measure", __name__, value(Measure), also_in=("scorer.features",)
)

NOT_ASKED_FOR = "not asked for"


def fields() -> dict[str, Measurement]:
    """Return every number of a record by its path, in the order in which they are shown.

    Raises:
        TypeError: two measures have a number of one name.
    """
    owners: dict[str, str] = {}
    found: list[Measurement] = []
    for family, own in _by_family(tuple(MEASURES.values())).items():
        for path, one in own.items():
            if path in owners:
                raise TypeError(
                    f"number {path!r} must be of one measure, got {owners[path]} and"
                    f" {family}; rename one of them"
                )
            owners[path] = family
            found.append(one)
    return {one.name: one for one in sorted(found, key=lambda one: one.place)}


@lru_cache(maxsize=1)
def _by_family(families: tuple[Measure, ...]) -> dict[str, dict[str, Measurement]]:
    """Return the fields that each measure fills, by its name; kept, since every record asks."""
    declared = {entry.name for family in families for entry in family.measurements}
    return {family.name: family.fields(declared) for family in families}


def roles_needed(names: Collection[str] | None = None) -> set[str]:
    """Return the roles of the banks that some measures need, by default all measures."""
    asked = MEASURES if names is None else names
    return {role for name in asked for role in MEASURES[name].needs}


def measure(evidence: Evidence, names: Collection[str] | None = None) -> Measured:
    """Compute measures of the unlearned models.

    Args:
        evidence: what they may look at.
        names: of the measures; all of them by default.

    Returns:
        Every field of every measure: a value, or None with the reason.

    Raises:
        UsageError: no such measure.
    """
    asked = list(MEASURES) if names is None else [MEASURES[name].name for name in names]
    every = Measured(dict.fromkeys(path.split(".")[0] for path in fields()))
    for family in MEASURES.values():
        found = _compute(family, evidence) if family.name in asked else NOT_ASKED_FOR
        if isinstance(found, str):
            found = Measured(missing=dict.fromkeys(_top_level(family), found))
        every.missing.update(found.missing)
        every.arrays.update(found.arrays)
        for name, given in found.values.items():
            every.values[name] = _finite(given, name, every.missing)
    return every


def _compute(family: Measure, evidence: Evidence) -> Measured | str:
    """Return what a measure finds, or why it cannot be computed."""
    lacking = sorted(family.needs - evidence.banks.keys())
    if lacking:
        return f"needs {' and '.join(lacking)} models"
    found = family.compute(evidence)
    expected = _top_level(family)
    given = found.values.keys() | (found.missing.keys() & expected)
    if given != expected:
        raise TypeError(
            f"measure {family.name} must give a value or a reason for each of {sorted(expected)},"
            f" got {sorted(given)}"
        )
    return found


def _top_level(family: Measure) -> set[str]:
    """Return the fields of a record that hold what a measure finds."""
    own = _by_family(tuple(MEASURES.values()))[family.name]
    return {path.split(".")[0] for path in own}


def _finite(value: Any, path: str, missing: dict[str, str]) -> Any:
    """Return a value with None, and a reason, for every number in it that is not finite."""
    if isinstance(value, dict):
        return {key: _finite(part, f"{path}.{key}", missing) for key, part in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        missing.setdefault(path, f"not a finite number: {value}")
        return None
    return value
