"""What a participant handed in, as the platform unpacks it: exactly one Python file at its top."""

from __future__ import annotations

import os
from pathlib import Path

from scorer.checkpoints.layout import is_of_a_system
from scorer.errors import UsageError
from scorer.runner.faults import Fault
from scorer.runner.load import Submission

BESIDE = ("manifest.json", "README.md", "LICENSE")
"""Files that may lie beside it; nothing reads them."""

PLATFORM = ("metadata", "metadata.yaml")
"""What the platform would take for a program of the submission's own, and run beside ours."""

ARCHIVE = "bad_archive"

MUST = "the zip must hold one .py file at its top"


def read_handed_in(folder: Path, most_bytes: int) -> Submission | Fault:
    """Return the submission in a folder, or what is wrong with what was handed in.

    Args:
        folder: of the unpacked zip.
        most_bytes: that the file may have: models trained beforehand are not to fit into it.
    """
    found = [entry for entry in sorted(os.scandir(folder), key=lambda e: e.name)
             if not is_of_a_system(entry.name)]  # fmt: skip
    for entry in found:
        if entry.name in PLATFORM:
            return Fault(ARCHIVE, f"{MUST}, and no {entry.name}: a submission runs no other way")
        if entry.is_symlink() or not entry.is_file(follow_symlinks=False):
            kind = "a folder" if entry.is_dir(follow_symlinks=False) else "a link or a device"
            inside = "; zip the file itself, not the folder that it lies in"
            hint = inside if kind == "a folder" else ""
            return Fault(ARCHIVE, f"{MUST}, got {kind}, {entry.name[:100]!r}{hint}")
    files = [entry for entry in found if entry.name.endswith(".py")]
    odd = [each.name for each in found if each not in files and each.name not in BESIDE]
    if len(files) != 1:
        named = ", ".join(repr(each.name[:100]) for each in files) or "none"
        return Fault(ARCHIVE, f"{MUST}, got {named}")
    if odd:
        allowed = ", ".join(BESIDE)
        return Fault(ARCHIVE, f"{MUST}, beside it {allowed} at most, got {odd[0][:100]!r}")
    path = folder / files[0].name
    size = path.stat().st_size
    if size > most_bytes:
        return Fault(
            ARCHIVE, f"{path.name[:100]!r} must have at most {most_bytes} bytes, got {size}"
        )
    try:
        return Submission.read(path)
    except UsageError as error:
        return Fault(ARCHIVE, str(error))
