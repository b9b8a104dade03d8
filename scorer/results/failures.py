"""What became of runs that failed, in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HOPELESS = {"import_error", "bad_signature"}
"""Faults of the file itself, the same for every run of it."""


def describe_faults(
    faults: Sequence[Mapping[str, Any]], n_models: int, n_not_made: int | None = None
) -> str:
    """Return "2 of 64 runs failed: raised, timeout"; empty where none did.

    Where the fault is the file's own, it is one of all runs, although only the first was made.

    Args:
        faults: of the runs, and of the audited one, which is none of the N.
        n_models: N.
        n_not_made: how many were not made because the first one failed.
    """
    if not faults:
        return ""
    if n_not_made and {fault["fault"] for fault in faults} <= HOPELESS:
        return f"none of {n_models} runs can work: {faults[0]['fault']}"
    n_failed = sum(fault.get("kind", "run") == "run" for fault in faults)
    said = [f"{n_failed} of {n_models} runs failed"] if n_failed else []
    if n_not_made:
        said.append(f"{n_not_made} were not made")
    if n_failed < len(faults):
        said.append("the audited run failed")
    return f"{', '.join(said)}: {', '.join(sorted({fault['fault'] for fault in faults}))}"
