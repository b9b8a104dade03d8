"""Rescoring: the arrays beside a record have to give its numbers again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scorer.errors import ScorerError
from scorer.features.views import BARRIER, RELEARNING, VIEWS
from scorer.measures import MEASURES
from scorer.measures.base import Evidence, Measured, value_at
from scorer.measures.costs import RunCosts
from scorer.metric.rules import make_rule
from scorer.oracles.outputs import Bank
from scorer.results.check import CANNOT_TELL, FAILS, HOLDS, Check
from scorer.results.provenance import bank_sha256
from scorer.results.record import NOT_IN_FILE, Record

TOLERANCE = 1e-9
"""Between machines the last digits of sums differ."""

ROLES = ("unlearned", "oracle", "control", "floor")
COST_ARRAYS = ("elapsed_s", "cpu_s", "retraining_s", "retraining_cpu_s")
MOST_NAMED = 5

LOOKS = {view: f"attacks.{view}" for view in VIEWS} | {
    RELEARNING: "relearning",
    BARRIER: "barrier",
}
"""What `--features` may name, and where a record holds what came of it."""


class NotStored(ScorerError):
    """A measure looks at outputs that no record holds."""


@dataclass(frozen=True)
class StoredBank(Bank):
    """What a record holds of the outputs of N models: confidences on forget, and accuracies."""

    def confidence(self, set_name: str = "forget") -> np.ndarray:
        """Return logit-scaled confidences, which are stored of the forget set alone."""
        if set_name != "forget":
            raise NotStored(f"confidences on {set_name}")
        return self.arrays["confidence_forget"]

    def output(self, feature: str) -> np.ndarray:
        """Raise, since no record holds more than confidences."""
        raise NotStored(f"{feature} on forget")

    def accuracy(self, set_name: str) -> np.ndarray:
        """Return the accuracy of each model `(n_models,)`."""
        return self.arrays[f"accuracy_{set_name}"]


def rescore(record: Record, arrays: Mapping[str, np.ndarray]) -> list[Check]:
    """Compute every number again that the arrays of a record suffice for, and compare.

    Args:
        record: of a score.
        arrays: beside it.

    Returns:
        Whether the numbers are the same, and whether the banks are those that the record names.
    """
    if record.missing.get("bank_sha256") == NOT_IN_FILE:
        old = "of an older schema, whose ceiling and errors were made in another way"
        return [Check("scored again", CANNOT_TELL, old)]
    try:
        evidence = evidence_of(record, arrays)
    except (KeyError, ValueError, TypeError) as error:
        return [Check("scored again", FAILS, f"the arrays are not those of a score: {error}")]
    return [_numbers(record, arrays, evidence), _digest(record, evidence)]


def evidence_of(record: Record, arrays: Mapping[str, np.ndarray]) -> Evidence:
    """Return what measures may look at, as far as a record holds it.

    Raises:
        KeyError: an array is not there.
        ValueError: banks are not of N models.
    """
    banks: dict[str, Bank] = {}
    for role in ROLES:
        if f"{role}_confidence" not in arrays:
            continue
        prefix = f"{role}_accuracy_"
        own = {
            name.removeprefix(f"{role}_"): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        banks[role] = StoredBank({"confidence_forget": arrays[f"{role}_confidence"], **own})
        if banks[role].n_models != record.n_models:
            raise ValueError(f"{banks[role].n_models} {role} models in place of {record.n_models}")
    costs = None
    if not record.is_reference:
        given = {name: arrays[name] for name in COST_ARRAYS}
        costs = RunCosts(
            **given,
            cpu_counts=record.engine_id.startswith("cpu"),
            peak_mib=record.peak_mib,
            multiply_adds=record.multiply_adds,
            retraining_multiply_adds=record.retraining_multiply_adds,
        )
    originals = arrays.get("originals")
    return Evidence(
        banks=banks,
        stratum=arrays["stratum"],
        rule=make_rule(record.rule, delta=record.delta),
        budget=record.budget or math.inf,
        costs=costs,
        originals=None if originals is None else tuple(originals.tolist()),
        asked=tuple(name for name, path in LOOKS.items() if value_at(record.measured, path)),
    )


def _numbers(record: Record, arrays: Mapping[str, np.ndarray], evidence: Evidence) -> Check:
    """Return whether every measure that has what it needs finds the record's numbers again."""
    differ: list[str] = []
    not_stored: list[str] = []
    n_same = 0
    for family in MEASURES.values():
        if family.needs - evidence.banks.keys():
            continue
        try:
            found = family.compute(evidence)
        except NotStored as error:
            not_stored.append(f"{family.name} ({error})")
            continue
        except ValueError as error:  # no confidences, or accuracies above 1
            differ.append(f"{family.name}, which cannot be computed: {error}")
            continue
        compared = [*_compare(record, found), *_compare_arrays(arrays, found)]
        differ += [name for name, is_same in compared if not is_same]
        n_same += sum(is_same for _, is_same in compared)
    left = f"; not held in a record: {', '.join(not_stored)}" if not_stored else ""
    if differ:
        more = f" and {len(differ) - MOST_NAMED} more" if len(differ) > MOST_NAMED else ""
        said = f"{len(differ)} of {len(differ) + n_same} numbers and arrays are others: "
        return Check("scored again", FAILS, f"{said}{', '.join(differ[:MOST_NAMED])}{more}{left}")
    return Check("scored again", HOLDS, f"{n_same} numbers and arrays are the same{left}")


def _compare(record: Record, found: Measured) -> Iterator[tuple[str, bool]]:
    """Yield the path of every number that a measure found, and whether the record has it."""
    kept = record.measured
    for path, value in _leaves(found.values):
        node: Any = kept
        for part in path:
            node = node.get(part) if isinstance(node, Mapping) else None
        yield ".".join(path), _is_same(value, node)


def _compare_arrays(
    arrays: Mapping[str, np.ndarray], found: Measured
) -> Iterator[tuple[str, bool]]:
    """Yield the name of every array that a measure made, and whether the same one is stored."""
    for name, array in found.arrays.items():
        kept = arrays.get(name)
        if kept is None or kept.shape != array.shape:
            yield name, False
        elif array.dtype.kind == "f":
            close = np.allclose(array, kept, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
            yield name, bool(close)
        else:
            yield name, bool(np.array_equal(array, kept))


def _leaves(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Yield the path and value of everything in nested objects that is none itself."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _is_same(value: Any, kept: Any) -> bool:
    """Tell whether a number is that of a record, in which what is not finite is None."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return kept is None
        is_number = isinstance(kept, int | float) and not isinstance(kept, bool)
        return is_number and math.isclose(value, kept, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(value == kept)


def _digest(record: Record, evidence: Evidence) -> Check:
    """Return whether oracles and controls are those that the record was ranked by."""
    found = bank_sha256({role: evidence.confidence(role) for role in evidence.banks})
    if found == record.bank_sha256:
        return Check("banks", HOLDS, "oracles and controls are those that its digest names")
    return Check("banks", FAILS, "the digest of oracles and controls is another than the record's")
