"""Folders that runs work in for the time of one command, in one place that the next one sweeps.

They lie in `unlearning-<user>` of the system's temporary folder (`TMPDIR`). Each is locked while
the process that made it lives, so that what a killed one left can be told and deleted.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from scorer.errors import ScorerError
from scorer.files import disk_errors, sweep, temporary_folder

_held: dict[Path, AbstractContextManager[Path]] = {}


def temporary_root() -> Path:
    """Return the folder that all others lie in, made now where it is not there.

    Raises:
        ScorerError: somebody else could write there.
        DiskError: it cannot be made.
    """
    root = Path(tempfile.gettempdir()) / f"unlearning-{os.getuid()}"
    with disk_errors(root):
        # A file or a link of this name is refused below.
        with suppress(FileExistsError):
            root.mkdir(mode=0o700)
        found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise ScorerError(
            f"{root} must be a folder of this user that nobody else may write to, got"
            f" {stat.filemode(found.st_mode)} of user {found.st_uid}; delete it or set TMPDIR"
        )
    return root


def new_folder() -> Path:
    """Return a new folder, which is this process's until it is deleted or the process ends.

    Raises:
        ScorerError: the place is not this user's alone.
        DiskError: it cannot be made.
    """
    for path in [path for path in _held if not path.exists()]:
        del _held[path]
    root = temporary_root()
    sweep(root)
    made = temporary_folder(root)
    with disk_errors(root):
        path = made.__enter__()
    _held[path] = made  # and with it the lock
    return path


def sweep_temporary() -> list[Path]:
    """Delete the folders of processes that live no more, and return their paths."""
    return sweep(temporary_root())
