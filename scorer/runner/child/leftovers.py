"""What a run left in folders of its own, which are emptied; those of others too are let alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path


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
