"""Records of older schemas as the present one has them. One function a step, oldest first.

A change of the schema that old files do not answer by leaving a field out gets the next version
and a step here. Meanings never change under a name, so that nothing has to be scored again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scorer.errors import ScorerError
from scorer.results.schema import SCHEMA_VERSION
from scorer.scenarios import STANDARD


def migrate(values: Mapping[str, Any], where: Path) -> dict[str, Any]:
    """Return the JSON values of a record as the present schema has them.

    Args:
        values: of any version up to the present one; they are not validated yet.
        where: the file, for messages.

    Raises:
        ScorerError: no version, or one that is not known. A newer file is not read as far as it
            goes: it may say in a field that is unknown here that it must not be ranked with others.
    """
    version = values.get("schema_version")
    if type(version) is not int or version < 1:
        raise ScorerError(
            f"{where} must have a schema_version from 1 to {SCHEMA_VERSION}, got {version!r};"
            " score the method again or delete the file"
        )
    if version > SCHEMA_VERSION:
        raise ScorerError(
            f"{where} must have a schema_version up to {SCHEMA_VERSION}, got {version}; a newer"
            " kit wrote it, update this one to read it"
        )
    values = dict(values)
    for step in STEPS[version - 1 :]:
        values = step(values)
    return values


def _from_1(values: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had empty objects where runs failed, and gave no reasons."""
    emptied = {
        name: None if value == {} and name != "provenance" else value
        for name, value in values.items()
    }
    return {**emptied, "schema_version": 2}


def _from_2(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 had no `bank_sha256`, which keeps its records apart from later ones.

    Its ceiling was of one pairing of controls and oracles, its errors were those of a bootstrap of
    models, and `certified.largest_epsilon_lb` held for each example alone. Its times were read in
    the run, of `unlearning()` alone, and held against a loop that was slower than the kit's own.
    """
    return {**values, "schema_version": 3}


def _from_3(values: dict[str, Any]) -> dict[str, Any]:
    """Version 3 knew one scenario."""
    return {**values, "scenario": STANDARD, "requests": [], "schema_version": 4}


STEPS: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (_from_1, _from_2, _from_3)
"""The step from version k to k + 1 at place k - 1."""
