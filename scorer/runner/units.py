"""The units of work that scoring submissions comes to, and where each one is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from scorer.features import holds_all, kept_features
from scorer.runner.faults import Fault
from scorer.runner.host import Kind
from scorer.store import Store

METERS = 4
"""Raised whenever what is measured of a run changes; what was kept under another is made again."""

N_REFERENCES = 4
"""Retrainings timed among the runs of a submission, so that both see the same machine."""

Unit = tuple[int, Kind, int]
"""Which submission, what of it, and which of those."""


def is_current(manifest: Mapping[str, Any], kind: Kind, extra: Collection[str] = ()) -> bool:
    """Tell whether an outcome counts as there.

    It does if it was made under the present meters, and a run that ended well only with every
    feature. That of a run that failed holds its fault and no arrays.

    Args:
        manifest: of the outcome.
        kind: of the unit.
        extra: names of the extra features that are asked for.
    """
    has_outputs = kind == "run" and Fault.of_manifest(manifest) is None
    complete = not has_outputs or holds_all(manifest, kept_features(extra))
    return complete and manifest.get("meters") == METERS


def first_run_failed(store: Store) -> bool:
    """Tell whether run 0 is there and failed: then no others are made, and no audit.

    Args:
        store: of the runs of one submission.
    """
    return store.has(0) and Fault.of_manifest(store.manifest(0)) is not None


def order_units(runs: list[Unit], audits: list[Unit], references: list[Unit]) -> list[Unit]:
    """Return all units in the order of work.

    The timed retrainings are spread evenly among the runs, behind the first, which tells whether
    the file is at fault. An audit follows a first run of its submission.

    Args:
        runs: of all submissions, those of one submission in a row.
        audits: at most one a submission.
        references: in any number.
    """
    units, n_before = list(runs), min(1, len(runs))
    for position, reference in reversed(list(enumerate(references))):
        units.insert(max(n_before, len(runs) * position // len(references)), reference)
    for audit in audits:
        own = (
            place for place, (job, kind, _) in enumerate(units) if (job, kind) == (audit[0], "run")
        )
        units.insert(next(own, -1) + 1, audit)
    return units
