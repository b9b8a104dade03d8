"""The arrays beside a record, as they are read: a ZIP of NumPy files, which may be damaged."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from scorer.errors import NUMPY_DAMAGE, ScorerError


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a record from their file.

    Raises:
        ScorerError: they are missing or damaged.
    """
    if not is_zip(path):
        raise ScorerError(damaged(path, "cut short or not there"))
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except NUMPY_DAMAGE as error:
        raise ScorerError(damaged(path, str(error))) from error


def is_zip(path: Path) -> bool:
    """Tell whether a regular file begins and ends as a zip does; nothing else is opened."""
    try:
        return path.is_file() and zipfile.is_zipfile(path)
    except OSError:  # such as a name that no file can have
        return False


def damaged(path: Path, what: str) -> str:
    """Return the message about arrays that cannot be read."""
    return (
        f"{path} must hold the arrays of the record beside it, got: {what}; the record is ranked,"
        " but `compare` needs them; score the method again"
    )
