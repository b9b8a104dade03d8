"""What a run and its server write, read by somebody who believes neither to be well formed."""

from __future__ import annotations

import json
import math
import os
import stat
from dataclasses import dataclass
from typing import Any

from scorer.runner.child.unwrap import TAKEN_OFF
from scorer.runner.faults import Fault

FIGURES = ("elapsed_s", "cpu_s", "peak_mib")
"""What a server meters of every run."""

STATUS_BYTES = 2**16
"""More than the longest message and trace that the program writes."""

LETTERS = 2000
LOG_LETTERS = 1200

SAID = (
    "import_error", "bad_signature", "raised", "needs_retain", "bad_return", "out_of_memory",
)  # fmt: skip
"""Faults that only the run itself can know of; all others are found by the kit."""

ENDED = {
    "timeout": ("timeout", "the run took longer than {timeout_s:g} s"),
    "memory": ("out_of_memory", "the run's processes took more than {memory_mib:.0f} MiB together"),
    "processes": ("killed", "the run was ended with more than {n_processes} processes"),
    "files": (
        "killed",
        "the run was ended with more than {files_mib:.0f} MiB or {n_files} files in its folder",
    ),
}
"""What a run took too much of: the fault, and what is said of it."""


class Unbelievable(Exception):
    """Something does not read as what was to be written there."""


class TooLarge(Unbelievable):
    """A file is larger than anything that was to be written there."""


def read_plain(name: str, folder: int, most_bytes: int) -> bytes:
    """Return the content of a small plain file: no link, pipe or device is followed or waited for.

    Args:
        name: of the file in the folder.
        folder: descriptor of it, opened before the run.
        most_bytes: that are read.

    Raises:
        FileNotFoundError: there is no such file.
        TooLarge: it has more bytes.
        Unbelievable: it is no plain file, or cannot be read.
    """
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unbelievable(f"{name} must be a plain file, got {error.strerror}") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise Unbelievable(f"{name} must be a plain file, got a pipe, folder or device")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise TooLarge(f"{name} must have at most {most_bytes} bytes, got {status.st_size}")
    return content


def read_object(content: bytes, what: str) -> dict[str, Any]:
    """Return a JSON object.

    Args:
        content: bytes.
        what: they are of, for the message.

    Raises:
        Unbelievable: they are none.
    """
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unbelievable(f"{what} must be a JSON object, got {type(error).__name__}") from error
    if not isinstance(value, dict):
        raise Unbelievable(f"{what} must be a JSON object, got {type(value).__name__}")
    return value


@dataclass(frozen=True)
class Status:
    """What a run says of itself.

    Attributes:
        fault: None for a run that ended well.
        multiply_adds: that an audited run counted.
        taken_off: what was around the network that was returned; names in `TAKEN_OFF`.
    """

    fault: Fault | None = None
    multiply_adds: int | None = None
    taken_off: tuple[str, ...] = ()


def read_status(content: bytes, *, is_audit: bool) -> Status:
    """Return what a run says of itself.

    Args:
        content: of its file `status.json`.
        is_audit: whether there was counting.

    Raises:
        Unbelievable: no run of the program would say so.
    """
    said = read_object(content, "status.json")
    if said.get("fault") is None:
        count, taken_off = said.get("multiply_adds"), said.pop("taken_off", [])
        wanted = {"fault", "multiply_adds"} if is_audit else {"fault"}
        if set(said) != wanted or (is_audit and (type(count) is not int or count < 0)):
            raise Unbelievable(f"status.json must have {sorted(wanted)}, got {_shown(said)}")
        if not isinstance(taken_off, list) or any(each not in TAKEN_OFF for each in taken_off):
            raise Unbelievable(f"status.json must say what was taken off, got {_shown(taken_off)}")
        return Status(None, count, tuple(dict.fromkeys(taken_off)))
    texts = [said.get(key) for key in ("fault", "message", "trace")]
    strings = [printable(text) for text in texts if isinstance(text, str)]
    if len(said) != 3 or len(strings) != 3 or strings[0] not in SAID:
        raise Unbelievable(f"status.json must name a fault that runs know, got {_shown(said)}")
    name, message, trace = strings
    return Status(Fault(name, message[-LETTERS:], trace[-LETTERS:]))


def read_answer(line: bytes) -> dict[str, Any]:
    """Return the facts that a server sends: `elapsed_s`, `cpu_s`, `peak_mib` and how it ended.

    Raises:
        Unbelievable: the server would not say so: somebody else wrote to its pipe.
    """
    answer = read_object(line, "the answer")
    if set(answer) == {"kit"} and isinstance(answer["kit"], str):
        return answer
    numbers = [answer.get(name) for name in FIGURES]
    are_numbers = all(type(n) is float and math.isfinite(n) and n >= 0 for n in numbers)
    is_whole = type(answer.get("exit_code")) is int and isinstance(answer.get("log"), str)
    if len(answer) != 6 or not are_numbers or not is_whole:
        raise Unbelievable(f"the answer must hold the facts of a run, got {_shown(answer)}")
    if answer.get("ended") not in ("", *ENDED):
        raise Unbelievable(f"the answer must say how a run ended, got {_shown(answer)}")
    return answer


def printable(text: str) -> str:
    """Return a text without what moves a terminal's cursor or changes its colours."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)


def log_of(answer: dict[str, Any]) -> str:
    """Return the last of what a run printed, as lines to stand below a fault; "" for nothing."""
    text = printable(answer["log"].replace("\r", "\n")).strip()[-LOG_LETTERS:]
    return f"last lines that it printed:\n{text}" if text else ""


def _shown(value: Any) -> str:
    """Return the beginning of a value."""
    return printable(repr(value))[:200]
