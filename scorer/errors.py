"""Errors that a user can act on, each with the exit code that the command line returns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
