"""What came of each stage, kept in one file so that another call goes on with what is missing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scorer.bench.base import Report
from scorer.errors import ScorerError
from scorer.files import disk_errors, replace_file, set_aside
from scorer.machine import kit_version
from scorer.settings import PROJECT_ROOT, is_checkout
from scorer.store import json_sha256

DONE, FAILED, LEFT = "done", "failed", "left"

UNKNOWN = "unknown"


@dataclass
class Found:
    """What a stage has measured so far, all JSON values; see `scorer.bench.base.Report`."""

    values: dict[str, Any] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, report: Report) -> Found:
        """Return what a report holds."""
        return cls(dict(report.values), list(report.figures), list(report.notes))

    def over(self, older: Found) -> Found:
        """Return this, with what only an older one has."""
        new = {(one["name"], one["unit"]) for one in self.figures}
        figures = [one for one in older.figures if (one["name"], one["unit"]) not in new]
        notes = [note for note in older.notes if note not in self.notes]
        return Found(older.values | self.values, figures + self.figures, notes + self.notes)


@dataclass
class Entry:
    """What came of one stage.

    Attributes:
        status: `DONE`, `FAILED` or `LEFT`, which is "not tried yet" and "not to its end" alike.
        message: why it is not done.
        seconds: that it took, in the call in which it last ran.
        found: what it measured, of a stage that is not done what it measured until then.
    """

    status: str = LEFT
    message: str = ""
    seconds: float = 0.0
    found: Found = field(default_factory=Found)


class State:
    """The entries of all stages for one device, torch, kit and plan."""

    def __init__(self, folder: Path, key: Mapping[str, Any]) -> None:
        """Read what an earlier call kept.

        Args:
            folder: of the files, created when something is kept.
            key: what the entries hold for, as JSON values; other keys have other files.
        """
        self.key = dict(key)
        self.path = folder / f"gpu-{key['device']}-{json_sha256(self.key)[:12]}.json"
        self._entries = self._read()

    def __getitem__(self, name: str) -> Entry:
        """Return what came of a stage, an empty entry where nothing did."""
        return self._entries.get(name, Entry())

    def keep(self, name: str, entry: Entry) -> None:
        """Keep what came of a stage, on the disk before this returns.

        Raises:
            DiskError: the disk is full or not writable.
        """
        self._entries[name] = entry
        kept = {"key": self.key, "stages": {n: asdict(e) for n, e in self._entries.items()}}
        content = json.dumps(kept, indent=1, allow_nan=False) + "\n"
        replace_file(self.path, content.encode())

    def names(self, status: str, among: Iterable[str]) -> list[str]:
        """Return which of some stages have a status, in their order."""
        return [name for name in among if self[name].status == status]

    def _read(self) -> dict[str, Entry]:
        """Return the entries of the file, which is moved aside where it is damaged."""
        if not self.path.exists():
            return {}
        with disk_errors(self.path):
            text = self.path.read_text()
        try:
            stages = json.loads(text)["stages"]
            return {
                name: Entry(**{**entry, "found": Found(**entry["found"])})
                for name, entry in stages.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            set_aside(self.path, f"{self.path.name}: {error}")
            return {}


def key_of(device: str, torch_version: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return what measurements hold for.

    Args:
        device: "cpu", or the model of the GPU.
        torch_version: with its build.
        plan: as JSON values.
    """
    about = {"kit": kit_version(), "commit": commit(), "plan": dict(plan)}
    return {"device": device, "torch": torch_version, **about}


def commit(root: Path = PROJECT_ROOT) -> str:
    """Return the commit of a checkout, and whether it was changed since.

    "unknown" where git is not there or knows of none.
    """
    if not is_checkout(root):  # else it would be that of whoever's folder this is in
        return UNKNOWN
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--dirty=-changed"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN
    return done.stdout.strip()


def found_of(values: Mapping[str, Any]) -> Found:
    """Return what a stage's process told.

    Raises:
        ScorerError: it told something else.
    """
    try:
        return Found(**values)
    except TypeError as error:
        raise ScorerError(f"a stage must tell values, figures and notes: {error}") from error
