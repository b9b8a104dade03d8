"""Frozen boards: a leaderboard as it was on one day, kept as a file and never computed again.

    <results>/boards/NAME@VERSION.json

What is shown of one is what its file says. Whether a submission or the oracles are others by now is
said beside it.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorer.errors import ScorerError, UsageError, unknown_name
from scorer.files import Damaged, read_regular, replace_file
from scorer.machine import DISTRIBUTION, kit_version
from scorer.results.leaderboard import Group, Leaderboard
from scorer.results.record import NOT_IN_FILE, Record
from scorer.results.tables import group_table, plain_text
from scorer.store import json_sha256

EDITION = 1
BOARDS_FOLDER = "boards"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
FILE = re.compile(r"(?P<name>.+)@(?P<version>[1-9][0-9]*)\.json")

MOST_BYTES = 64 * 2**20

SAME = ("task", "fingerprint", "engine_id", "n_models", "rule", "delta", "design")
"""What has to agree for two scores to be held against the same oracles, were they still there."""

UNDISCLOSED = "not disclosed"


@dataclass(frozen=True)
class FrozenBoard:
    """A board as it lies on disk.

    Attributes:
        name: that it was given.
        version: counted from 1 within the name.
        values: JSON values of the file.
    """

    name: str
    version: int
    values: Mapping[str, Any]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the rows that are of somebody's file, of all tasks."""
        return [row for group in self.values["groups"] for row in group["disclosures"]]

    def text(self, marks: Mapping[str, Sequence[str]]) -> str:
        """Return the board as it was printed, its disclosures, and what changed since.

        Args:
            marks: what is other by now of a row, by its run.
        """
        about = self.values
        lines = [
            f"{self.name}, version {self.version}, frozen {about['frozen_at'][:10]} by"
            f" {DISTRIBUTION} {about['kit_version']}"
        ]
        for group in about["groups"]:
            lines += ["", group["text"], "", f"made on {', '.join(group['hardware'])}"]
            lines.append(f"oracles: bank {group['bank_sha256'] or NOT_IN_FILE}")
            for row in group["disclosures"]:
                said = f"{row['method']}: tuned on {row['tuned']}"
                changed = marks.get(row["run_id"], ())
                lines.append(f"{said}  [CHANGED SINCE: {'; '.join(changed)}]" if changed else said)
        return "\n".join(lines)


def freeze(
    board: Leaderboard,
    records: Iterable[Record],
    tuned: Mapping[str, str],
    name: str,
    results_dir: Path,
) -> FrozenBoard:
    """Keep a leaderboard under a name; one that has the name already gets the next version.

    Args:
        board: as it is now.
        records: that it was made of.
        tuned: what each submission says that it was tuned on, by its run.
        name: letters, digits, dots, hyphens and underscores.
        results_dir: where boards are kept.

    Raises:
        UsageError: the name cannot be that of a file, or there is nothing to freeze.
        DiskError: the disk is full or not writable.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"--freeze must be a name of letters, digits, '.', '-' and '_', got {name!r}"
        )
    if not board.groups:
        raise UsageError("there is no result to freeze; score methods first")
    by_run = {record.run_id: record for record in records}
    folder = results_dir / BOARDS_FOLDER
    version = max(_versions(folder).get(name, [0])) + 1
    values: dict[str, Any] = {
        "edition": EDITION,
        "name": name,
        "version": version,
        "kit_version": kit_version(),
        "frozen_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "groups": [_group(group, by_run, tuned) for group in board.groups],
    }
    values["sha256"] = json_sha256(values)
    content = (json.dumps(values, indent=1, allow_nan=False) + "\n").encode()
    replace_file(folder / f"{name}@{version}.json", content)
    return FrozenBoard(name, version, values)


def _group(group: Group, by_run: Mapping[str, Record], tuned: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON values of the board of one task."""
    records = {row.run_id: by_run[row.run_id] for row in group.rows}
    rows = [row for row in group.rows if row.kind == "method"]
    return {
        **group.as_dict(),
        "bank_sha256": group.identity["bank_sha256"],
        "hardware": sorted({hardware_of(record) for record in records.values()}),
        "text": plain_text(group_table(group), width=140),
        "disclosures": [
            {
                "method": row.method,
                "run_id": row.run_id,
                "method_path": records[row.run_id].method_path,
                "method_sha256": records[row.run_id].method_sha256,
                "tuned": tuned.get(row.run_id) or UNDISCLOSED,
            }
            for row in rows
        ],
    }


def hardware_of(record: Record) -> str:
    """Return the kind of machine that a score was made on."""
    found = record.provenance.get("environment", {})
    parts = [found.get(name) for name in ("device", "device_name")]
    return " ".join(str(part) for part in parts if part) or NOT_IN_FILE


def read_frozen(name: str, results_dir: Path) -> FrozenBoard:
    """Return a frozen board.

    Args:
        name: of it, its newest version; or NAME@VERSION.
        results_dir: where boards are kept.

    Raises:
        UsageError: there is none of that name or version.
        ScorerError: its file was changed, is cut short, or a newer kit wrote it.
    """
    folder = results_dir / BOARDS_FOLDER
    known = _versions(folder)
    title, _, wanted = name.partition("@")
    if title not in known:
        raise unknown_name("frozen board", title, known)
    version = int(wanted) if wanted.isdecimal() else max(known[title])
    if (wanted and not wanted.isdecimal()) or version not in known[title]:
        there = ", ".join(f"{title}@{each}" for each in sorted(known[title]))
        raise UsageError(f"frozen board {name!r} must be one of {there}")
    path = folder / f"{title}@{version}.json"
    try:
        values = json.loads(read_regular(path, MOST_BYTES))
    except (Damaged, ValueError, RecursionError) as error:
        raise ScorerError(f"{path} must be a frozen board, cannot be read: {error}") from error
    edition = values.get("edition") if isinstance(values, dict) else None
    if edition != EDITION:
        raise ScorerError(f"{path} must be a board of edition {EDITION}, got {edition!r}")
    digest = values.pop("sha256", None)
    if digest != json_sha256(values):
        raise ScorerError(
            f"{path} was changed since it was frozen; get the file again, or freeze another board"
        )
    return FrozenBoard(title, version, {**values, "sha256": digest})


def changes(
    board: FrozenBoard, present: Mapping[str, str | None], records: Sequence[Record]
) -> dict[str, list[str]]:
    """Return what is other by now of the rows of a board, by run; nothing of rows as they were.

    Args:
        board: frozen.
        present: digest of each row's submission as it is now, by run; None where it is gone. A row
            that is left out is not looked at.
        records: results of now.
    """
    found: dict[str, list[str]] = {}
    for group in board.values["groups"]:
        identity = group["identity"]
        alike = [one for one in records if all(getattr(one, n) == identity[n] for n in SAME)]
        newest = max(alike, key=lambda one: one.created_at, default=None)
        is_other = newest is not None and newest.bank_sha256 != group["bank_sha256"]
        for row in group["disclosures"]:
            said = []
            if row["run_id"] in present:
                now = present[row["run_id"]]
                if now is None:
                    said.append(f"the submission {row['method_path']} is gone")
                elif now != row["method_sha256"]:
                    said.append(f"the submission is another, {now[:8]}")
            if is_other and newest is not None:
                said.append(f"newer scores have another bank, {str(newest.bank_sha256)[:8]}")
            if said:
                found[row["run_id"]] = said
    return found


def _versions(folder: Path) -> dict[str, list[int]]:
    """Return the versions that are kept of every name."""
    found: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        matched = FILE.fullmatch(path.name)
        if matched:
            found.setdefault(matched["name"], []).append(int(matched["version"]))
    return found
