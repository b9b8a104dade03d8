"""What a run says of its own end: a message, which the kit holds against what it knows."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRACE_LINES = 6
MESSAGE_LETTERS = 2000
LINE_LETTERS = 400
"""Of one line of a message or trace: a file may be a single line of megabytes."""

AS_A_SCRIPT = 'put what is to run as a script under `if __name__ == "__main__":`'

NO_MEMORY = "DefaultCPUAllocator: can't allocate memory"
"""How torch words it on a CPU, where it has no exception of its own for it."""


@dataclass(frozen=True)
class Shown:
    """How the author of a submission names its files.

    Attributes:
        path: of the file itself, which is run under this name.
        package: the folder that holds the copies of all of them.
    """

    path: str
    package: Path

    def of(self, copy: str) -> str | None:
        """Return the name of a file that lies in the folder, or the one above; None for others."""
        if copy == self.path:
            return copy
        if not Path(copy).is_relative_to(self.package.parent):
            return None
        return os.path.normpath(Path(self.path).parent / os.path.relpath(copy, self.package))

    def rename(self, text: str) -> str:
        """Return a text that names the folder as its author does."""
        return text.replace(str(self.package), str(Path(self.path).parent))


def fault(name: str, message: str, trace: str = "") -> dict[str, Any]:
    """Return a fault as the message of a run."""
    return {"fault": name, "message": cut(message), "trace": cut(trace)}


def cut(text: str) -> str:
    """Return the end of a text, of long lines the beginning."""
    lines = (line[:LINE_LETTERS] for line in text.splitlines())
    return "\n".join(lines)[-MESSAGE_LETTERS:]


def thrown(name: str, error: BaseException, shown: Shown) -> dict[str, Any]:
    """Return the fault of an exception, with the last lines that lie in the submission's files.

    Args:
        name: of the fault, unless memory ran out.
        error: whatever was raised: it may not even be able to say what it is.
        shown: the files as their author knows them.
    """
    try:
        message = shown.rename("".join(traceback.format_exception_only(error)).strip())
        frames = own_frames(error, shown)
        trace = "".join(traceback.format_list(frames[-TRACE_LINES:])).rstrip()
        if name == "import_error" and frames and not isinstance(error, ImportError):
            message += f"\nline {frames[0].lineno} runs when the file is imported; {AS_A_SCRIPT}"
    except Exception:  # a class may have been made so that nothing of it can be shown
        message, trace = "an exception that cannot be shown", ""
    return fault("out_of_memory" if _is_memory(error, message) else name, message, trace)


def own_frames(error: BaseException, shown: Shown) -> list[traceback.FrameSummary]:
    """Return the frames of an exception that lie in the submission's files, by their names."""
    return [
        traceback.FrameSummary(name, frame.lineno, frame.name, line=frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
        if (name := shown.of(frame.filename)) is not None
    ]


def _is_memory(error: BaseException, message: str) -> bool:
    """Tell whether memory ran out: by the exception's type, not by what its text says."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return type(error) is RuntimeError and NO_MEMORY in message
