"""Where things lie, unless told otherwise.

In a checkout, installed editable or not at all, everything stays in its folder, wherever a command
is typed. Where the packages were copied into an environment (`pip install .`) that folder belongs
to pip, so the working directory takes its place.
"""

from __future__ import annotations

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]
"""The folder that the packages were imported from: a checkout, or an environment's site-packages.

Processes start there as `python -m ...`, which puts it first on their path: they run the same code
as whoever started them, whichever checkout is installed.
"""


def is_checkout(folder: Path = PROJECT_ROOT) -> bool:
    """Tell whether a folder is a checkout of this project."""
    return (folder / "pyproject.toml").is_file() and (folder / "scorer" / "settings.py").is_file()


def home(root: Path = PROJECT_ROOT) -> Path:
    """Return the folder of what users add and make: submissions, data, trained models, results.

    Args:
        root: the folder that the packages were imported from.
    """
    return root if is_checkout(root) else Path.cwd()


def other_checkout(folder: Path, root: Path = PROJECT_ROOT) -> Path | None:
    """Return the checkout that a folder lies in where its code is not the one that runs.

    Args:
        folder: where a command is typed.
        root: the folder that the packages were imported from.
    """
    found = next(filter(is_checkout, (folder, *folder.parents)), None)
    return None if found is None or found.resolve() == root else found


def default_cache_dir() -> Path:
    """Return `CACHE_DIR`, or `.cache` in the project: trained models, and runs under way."""
    return Path(os.environ.get("CACHE_DIR") or home() / ".cache")


def default_data_dir() -> Path:
    """Return `DATA_DIR`, or `data` in the project."""
    return Path(os.environ.get("DATA_DIR") or home() / "data")


def default_results_dir() -> Path:
    """Return `RESULTS_DIR`, or `results` in the project."""
    return Path(os.environ.get("RESULTS_DIR") or home() / "results")
