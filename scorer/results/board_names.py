"""What boards are called: on the screen, and as files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scorer.options import OWN_FORGET_SET
from scorer.scenarios import STANDARD


def board_name(identity: Mapping[str, Any]) -> str:
    """Return what scores of an identity are about: a task, what it forgets, how that is asked for.

    Args:
        identity: see `scorer.results.record.IDENTITY`; those that were kept before there were other
            forget sets lack one.
    """
    return ", ".join([identity["task"], *(f"{name} {value}" for name, value in _others(identity))])


def board_stem(identity: Mapping[str, Any]) -> str:
    """Return the same as the name of a file."""
    values = (value for _, value in _others(identity))
    return re.sub(r"[^\w.-]+", "-", "-".join([identity["task"], *values]))


def _others(identity: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is not as usual of what scores are about."""
    usual = {"forget": OWN_FORGET_SET, "scenario": STANDARD}
    told = {name: identity.get(name, value) for name, value in usual.items()}
    return [(name, value) for name, value in told.items() if value != usual[name]]
