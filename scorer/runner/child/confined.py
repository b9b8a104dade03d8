"""Where the system does not shut a run in, Python does, as far as it goes: against mistakes.

What a run reads besides packages and its own files nobody has hashed: changed later, it would make
other runs under the same name. The better tiers show it no such file; here Python's own audit
refuses to open one, so that a file which works under one tier does so under all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY
READS = os.O_WRONLY | os.O_RDWR
"""The bits of the flags of an opening that say whether it is for reading."""


def confine(places: Mapping[str, bool]) -> None:
    """Let this process and its forks open for reading, or import, only what lies in some places.

    What is not there raises what it would anyway. Programs that it starts are not confined, nor is
    what reads files without Python.

    Args:
        places: folders and files by path, and whether they may be read. Of those that a file lies
            in the nearest decides, and none means that it may not.
    """
    known = {os.path.realpath(path): may for path, may in places.items()}

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & READS == WRITING:
                return
        elif event == "import":
            path = arguments[1]  # of a module in machine code; the others are opened
        else:
            return
        if isinstance(path, (str, bytes, os.PathLike)) and not _may(path, known):
            raise PermissionError(
                f"{os.fsdecode(path)} must not be read by a run, which has packages, the files of"
                " its own submission and what it wrote itself: under other tiers it is not even"
                " there. Let the submission be a folder with it inside, or write its values down"
            )

    sys.path_hooks.insert(0, partial(_hidden, known))
    sys.addaudithook(look)


class Nothing:
    """Finds no module: what a folder is that a run may not look into."""

    def find_spec(self, name: str, target: Any = None) -> None:
        """Find nothing."""
        del name, target


def _hidden(known: Mapping[str, bool], path: str) -> Nothing:
    """Return the finder of a folder that a run may not look into.

    As under the better tiers, nothing is found there, and what was copied with the submission is.

    Raises:
        ImportError: it may, so that whatever else finds modules has its turn.
    """
    if _may(path, known):
        raise ImportError
    return Nothing()


def _may(path: str | bytes | os.PathLike[Any], known: Mapping[str, bool]) -> bool:
    """Tell whether a path may be read; what is not there may, and fails by itself."""
    real = os.path.realpath(os.fsdecode(path))
    if not os.path.lexists(real):
        return True
    places = map(str, (Path(real), *Path(real).parents))
    return next((known[place] for place in places if place in known), False)
