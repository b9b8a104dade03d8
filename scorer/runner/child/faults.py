"""What a run says of its own end: a message, which the kit holds against what it knows."""

from __future__ import annotations

import traceback
from typing import Any

TRACE_LINES = 6
MESSAGE_LETTERS = 2000

NO_MEMORY = "DefaultCPUAllocator: can't allocate memory"
"""How torch words it on a CPU, where it has no exception of its own for it."""


def fault(name: str, message: str, trace: str = "") -> dict[str, Any]:
    """Return a fault as the message of a run."""
    return {"fault": name, "message": message[-MESSAGE_LETTERS:], "trace": trace}


def thrown(name: str, error: BaseException, shown: str) -> dict[str, Any]:
    """Return the fault of an exception, with the last lines that lie in the submission's file.

    Args:
        name: of the fault, unless memory ran out.
        error: whatever was raised: it may not even be able to say what it is.
        shown: the file as its author knows it.
    """
    try:
        message = "".join(traceback.format_exception_only(error)).strip()
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == shown]
        trace = "".join(traceback.format_list(frames[-TRACE_LINES:])).rstrip()
    except Exception:  # a class may have been made so that nothing of it can be shown
        message, trace = "an exception that cannot be shown", ""
    return fault("out_of_memory" if _is_memory(error, message) else name, message, trace)


def _is_memory(error: BaseException, message: str) -> bool:
    """Tell whether memory ran out: by the exception's type, not by what its text says."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return type(error) is RuntimeError and NO_MEMORY in message
