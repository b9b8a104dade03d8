"""What the first program leaves for the second, sealed: what was handed in, and what became of it.

Between the two lies a folder of the platform's. A submission may be able to write there, so that
nothing in it counts that is not sealed by the secret which both programs have.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scorer.errors import ScorerError
from scorer.files import Damaged
from scorer.runner.faults import Fault
from scorer.runner.folders import KINDS, RunsFolder
from scorer.runner.load import Submission
from scorer.store import Seal, Store

FOLDER = "outcome"
RUNS = "runs"


class Forged(Exception):
    """Something in the folder between the programs is not what the first one left there."""


def keep(
    place: Path,
    secret: str,
    handed_in: Submission | Fault,
    runs: RunsFolder | None,
    about: dict[str, Any],
) -> None:
    """Write an outcome.

    Args:
        place: folder between the programs.
        secret: that both have.
        handed_in: the submission, or what is wrong with the zip.
        runs: the outcomes of its runs, copied without the secret that lies with them.
        about: JSON values of the machine.
    """
    facts: dict[str, Any] = {"about": about}
    if isinstance(handed_in, Fault):
        facts["fault"] = asdict(handed_in)
    elif runs is not None:
        facts["submission"] = {
            "name": handed_in.name,
            "sha256": handed_in.sha256,
            "code": handed_in.code.to_bytes().decode(),
        }
        facts["runs"] = {"folder": runs.root.name, "models": runs.models}
        for kind in KINDS:
            kept = runs.root / kind
            if kept.is_dir():
                ignored = shutil.ignore_patterns(".*")
                shutil.copytree(kept, place / RUNS / runs.root.name / kind, ignore=ignored)
    _store(place, secret).write(0, {}, facts)


def read(place: Path, secret: str) -> dict[str, Any]:
    """Return the facts of an outcome.

    Raises:
        ScorerError: there is none: the first program failed.
        Forged: there is one that it did not write.
    """
    store = _store(place, secret)
    if not store.folder(0).exists():
        raise ScorerError(
            "the ingestion program left no outcome, so that there is nothing to score; what went"
            " wrong stands in its log"
        )
    try:
        return store.manifest(0)
    except Damaged as error:
        raise Forged(str(error)) from error


def runs_folder(place: Path, secret: str, facts: Mapping[str, Any]) -> RunsFolder:
    """Return the outcomes of the runs that an outcome names."""
    told = facts["runs"]
    return RunsFolder(place / RUNS / told["folder"], secret, told["models"])


def _store(place: Path, secret: str) -> Store:
    """Return the store of the one outcome."""
    return Store(place / FOLDER, seal=Seal(FOLDER, secret))
