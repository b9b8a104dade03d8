"""Rows that were made already, so that an hour of simulations can be ended and gone on with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy
import scipy

from scorer.bench._simulations.base import Row
from scorer.files import disk_errors, replace_file, set_aside
from scorer.settings import PROJECT_ROOT

SOURCES = ("scorer/metric", "scorer/simulated", "scorer/results", "scorer/bench/_simulations")
"""What rows are made of: after any change there they are made anew."""


class KeptRows:
    """The rows of one state of the code and of the libraries that draw, a file each."""

    def __init__(self, cache_dir: Path, root: Path = PROJECT_ROOT) -> None:
        """Name the folder; nothing is made.

        Args:
            cache_dir: where everything lies that can be made again.
            root: of the code.
        """
        libraries = f"numpy {numpy.__version__}, scipy {scipy.__version__}"
        digest = hashlib.sha256(libraries.encode())
        for path in sorted(path for part in SOURCES for path in (root / part).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
        self.folder = cache_dir / "bench" / f"simulations-{digest.hexdigest()[:16]}"

    def read(self, name: str, case: int, rounds: int) -> Row | None:
        """Return a row, None where it is not there; a damaged file is moved aside."""
        path = self._path(name, case, rounds)
        if not path.exists():
            return None
        with disk_errors(path):
            text = path.read_text()
        try:
            row: Row = json.loads(text)
        except ValueError as error:
            set_aside(path, f"{path.name}: {error}")
            return None
        return row

    def keep(self, name: str, case: int, rounds: int, row: Row) -> None:
        """Keep a row; a reader finds it whole or not at all."""
        replace_file(self._path(name, case, rounds), json.dumps(list(row)).encode())

    def _path(self, name: str, case: int, rounds: int) -> Path:
        return self.folder / f"{name}-{case}-{rounds}.json"
