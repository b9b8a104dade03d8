"""Where things lie unless told otherwise."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]


def default_cache_dir() -> Path:
    """Return `CACHE_DIR`, or `.cache` in the project: trained models, and runs under way."""
    return Path(os.environ.get("CACHE_DIR") or PROJECT_ROOT / ".cache")


def default_data_dir() -> Path:
    """Return `DATA_DIR`, or `data` in the project."""
    return Path(os.environ.get("DATA_DIR") or PROJECT_ROOT / "data")


def default_results_dir() -> Path:
    """Return `RESULTS_DIR`, or `results` in the project."""
    return Path(os.environ.get("RESULTS_DIR") or PROJECT_ROOT / "results")
