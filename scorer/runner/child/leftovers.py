"""What a run left in folders: its own are emptied, of shared ones what nobody else uses goes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from .tree import PROC


def names_in(folder: Path) -> set[str]:
    """Return the names in a folder, none where there is no folder."""
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def empty(folder: Path, kept: Collection[str] = ()) -> None:
    """Remove all that is in a folder, however deep it is and whatever its modes.

    Args:
        folder: to be emptied.
        kept: names in it that stay.

    Raises:
        OSError: something is left.
    """
    for path in [folder / name for name in names_in(folder).difference(kept)]:
        try:
            path.unlink() if path.is_symlink() or not path.is_dir() else shutil.rmtree(path)
        except (OSError, RecursionError):
            # Folders closed to their owner, or nested deeper than Python can follow.
            subprocess.run(["chmod", "-R", "u+rwx", str(path)], check=False, capture_output=True)
            subprocess.run(["rm", "-rf", str(path)], check=False, capture_output=True)
    left = names_in(folder).difference(kept)
    if left:
        raise OSError(f"{folder} must be empty between two runs, got {min(left)!r} in it")


def remove_unused(folder: Path, before: Collection[str]) -> None:
    """Remove this user's files that came into a folder and that no process has open.

    Args:
        folder: that other programs use too.
        before: names that were there before.
    """
    for path in [folder / name for name in names_in(folder).difference(before)]:
        try:
            if path.lstat().st_uid == os.geteuid() and not _is_used(path):
                path.unlink()
        except OSError:
            continue  # gone meanwhile, or a folder, which shared memory never is


def _is_used(path: Path) -> bool:
    """Tell whether a process that this one can look into has a file open or in its memory."""
    name = str(path)
    for process in PROC.glob("[0-9]*"):
        try:
            if name in (process / "maps").read_text(errors="replace"):
                return True
            if any(str(each.readlink()) == name for each in (process / "fd").iterdir()):
                return True
        except OSError:
            continue
    return False
