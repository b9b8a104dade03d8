"""What a packaged submission says of itself: what it is, what it was tried on, its licence."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import re
from typing import Any

from scorer.machine import DISTRIBUTION, kit_version
from scorer.results.record import Record

PINNED = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "safetensors")
"""Packages whose releases change what a method comes to, and that a method may import."""

LICENCE = re.compile(r"SPDX-License-Identifier:\s*([\w.+() -]*[\w.+)])")
OF_THE_KIT = "Apache-2.0"
NOT_STATED = "not stated"


def pins() -> dict[str, str]:
    """Return the releases that are installed here, by package."""
    found = {}
    for name in PINNED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return {"python": platform.python_version(), **found}


def licence_of(source: bytes, *, is_baseline: bool) -> str:
    """Return what a file says that its licence is, for people: identifiers joined by AND.

    Args:
        source: of the packaged file.
        is_baseline: whether the method is one of the kit's own.
    """
    named = set(LICENCE.findall(source.decode(errors="replace")))
    named |= {OF_THE_KIT} if is_baseline else set()
    return " AND ".join(sorted(named)) or NOT_STATED


def manifest(
    record: Record, content: bytes, file: str, *, licence: str, checked: dict[str, Any]
) -> dict[str, Any]:
    """Return the JSON values of `manifest.json`.

    Args:
        record: of the check, or of the runs.
        content: bytes of what is handed in.
        file: its name.
        licence: of it.
        checked: what the check found.
    """
    return {
        "method": record.method,
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "kit": {"name": DISTRIBUTION, "version": kit_version()},
        "pins": pins(),
        "task": {
            "name": record.task,
            "split_seed": record.split_seed,
            "fingerprint": record.fingerprint,
            "engine_id": record.engine_id,
        },
        "checked": checked,
        "licence": licence,
    }
