"""Verdicts on examples as files for other programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path

from scorer.errors import UsageError
from scorer.files import replace_file
from scorer.results.examples import Examples


def save_examples(examples: Examples, path: Path) -> None:
    """Write all rows to a file: CSV, or JSON with what the verdicts rest on.

    Raises:
        UsageError: see `check_place`.
        DiskError: the disk is full or not writable.
    """
    check_place(path)
    if path.suffix == ".csv":
        text = io.StringIO(newline="")
        rows = [asdict(row) for row in examples.rows]
        writer = csv.DictWriter(text, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue()
    else:
        content = json.dumps(examples.as_dict(), indent=1, allow_nan=False) + "\n"
    replace_file(path, content.encode())


def check_place(path: Path) -> None:
    """Raise UsageError unless a file's name tells its format, and its folder is there."""
    if path.suffix not in (".csv", ".json"):
        raise UsageError(f"a file of examples must end in .csv or .json, got {path.name}")
    if not path.parent.is_dir():
        raise UsageError(f"{path} must lie in a folder that is there; make {path.parent} first")
