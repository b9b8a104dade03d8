"""The units of work that scoring submissions comes to, and where each one is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scorer.features import FEATURES, holds_all
from scorer.runner.host import Kind
from scorer.store import Store

METERS = 3
"""Raised whenever what is measured of a run changes; what was kept under another is made again."""

N_REFERENCES = 4
"""Retrainings timed among the runs of a submission, so that both see the same machine."""

Unit = tuple[int, Kind, int]
"""Which submission, what of it, and which of those."""


def kept_units(root: Path, kind: Kind) -> Store:
    """Return the store of one kind of unit of a submission.

    Only what was made under the present meters counts as there, and a run only with every feature.

    Args:
        root: the submission's folder.
        kind: of the units.
    """

    def is_current(manifest: dict[str, Any]) -> bool:
        complete = kind != "run" or holds_all(manifest, FEATURES.values())
        return complete and manifest.get("meters") == METERS

    return Store(root / kind, is_current)


def order_units(runs: list[Unit], audits: list[Unit], references: list[Unit]) -> list[Unit]:
    """Return all units in the order of work.

    The timed retrainings are spread evenly among the runs. An audit follows a first run of its
    submission, which tells sooner whether the file is at fault.

    Args:
        runs: of all submissions, those of one submission in a row.
        audits: at most one a submission.
        references: in any number.
    """
    units = list(runs)
    for position, reference in reversed(list(enumerate(references))):
        units.insert(len(runs) * position // len(references), reference)
    for audit in audits:
        own = (
            place for place, (job, kind, _) in enumerate(units) if (job, kind) == (audit[0], "run")
        )
        units.insert(next(own, -1) + 1, audit)
    return units
