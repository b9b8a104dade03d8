"""Errors that a user can act on, each with the exit code that the command line returns.

And what libraries raise of files that are damaged, to be turned into such.
"""

from __future__ import annotations

import difflib
import tokenize
import zipfile
import zlib
from collections.abc import Iterable

ZIP_DAMAGE = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a ZIP raises where it is none, cut short, changed, or locked by a password."""

NUMPY_DAMAGE = (
    *ZIP_DAMAGE,
    MemoryError,
    OverflowError,
    RecursionError,
    SyntaxError,
    tokenize.TokenError,
)
"""What `numpy.load` raises of a file that NumPy did not write: it parses the head as Python, and
believes how much it says that follows."""


class ScorerError(Exception):
    """The kit or its environment failed."""

    exit_code = 1


class UsageError(ScorerError):
    """What was asked for does not exist or does not fit."""

    exit_code = 2


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that is not in a registry, with near matches and the list."""
    names = sorted(known)
    small = {each.lower(): each for each in names}
    found = difflib.get_close_matches(name.lower(), small, n=3, cutoff=0.5)
    near = [small[each] for each in found]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return UsageError(f"unknown {kind} {name!r}.{hint} Known: {', '.join(names)}")
