"""Processes that end with whoever started them, and the signals that end all at once.

What the kit starts is in sessions of its own, so that a key pressed at the terminal reaches the kit
alone, which ends them. Where the kit itself is killed the system ends them: on Linux each asks for
that as its first act. Elsewhere only a kit that can still act ends what it started.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
"""From linux/prctl.h."""

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a command: a key, another program, a terminal that goes away."""

PATIENCE_S = 5.0
"""How long ended processes may take to be gone; one that hangs in a driver cannot be waited for."""

POLL_S = 0.005


class Stopped(KeyboardInterrupt):
    """A signal ended the command.

    Attributes:
        exit_code: 128 and the number of the signal, as shells have it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_code = 128 + number


_owned: set[subprocess.Popen[bytes]] = set()
_is_starting = False
_waiting: int | None = None
_has_stopped = False


def _on_signal(number: int, _: FrameType | None) -> None:
    """Raise `Stopped`; while a process is being started, when that is done."""
    global _has_stopped, _waiting
    if _has_stopped:  # somebody is in a hurry: nothing is cleaned up any more
        for process in _owned:
            _kill_group(process)
        os._exit(128 + number)
    if _is_starting:
        _waiting = number
        return
    _has_stopped = True
    raise Stopped(number)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let `STOPS` raise `Stopped` in the main thread; a second one ends this process at once.

    A signal that was ignored before, as under `nohup`, stays so.
    """
    global _has_stopped
    _has_stopped = False
    before = {number: signal.getsignal(number) for number in STOPS}
    chosen = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in chosen:
        signal.signal(number, _on_signal)
    try:
        yield
    finally:
        for number in chosen:
            signal.signal(number, before[number])


class Owner:
    """Starts processes and ends those that are left; use it as a context manager."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[bytes]] = set()

    def __enter__(self) -> Owner:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            _kill_group(process)
        for process in list(self._processes):
            self.forget(process)

    def start(self, command: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own; a signal waits until it can be ended too.

        Args:
            command: of the process, which should call `die_with` as soon as it can.
            how: as `subprocess.Popen` takes it.
        """
        global _is_starting, _waiting
        _is_starting = True
        try:
            process = subprocess.Popen(list(command), start_new_session=True, **how)
            self._processes.add(process)
            _owned.add(process)
        finally:
            _is_starting = False
        if _waiting is not None:
            number, _waiting = _waiting, None
            _on_signal(number, None)
        return process

    def forget(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for a process that ends now, and return its exit code, negative for a signal."""
        code = process.wait()
        self._processes.discard(process)
        _owned.discard(process)
        return code


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group, which nobody else's can be before it was waited for."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def die_with(parent: int) -> None:
    """Let the system end this process when its parent ends, where it can: on Linux.

    Args:
        parent: that started it. Where it is gone by now, this process ends here.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


@contextmanager
def adopting() -> Iterator[None]:
    """Become the parent of every process below this one whose own parent ends, on Linux."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        _prctl(PR_SET_CHILD_SUBREAPER, 0)


def _prctl(option: int, value: int) -> None:
    """Ask the system for something about this process, where it is Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def end_children(spared: set[int]) -> None:
    """End the children of this process until none is left; those that they leave become its own.

    Args:
        spared: processes that are somebody else's.
    """
    deadline = time.monotonic() + PATIENCE_S
    while (found := children() - spared) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(POLL_S)


def children() -> set[int]:
    """Return the processes whose parent this one is; none where there is no /proc."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # After the name in brackets: state, then parent.
            if int(stat.read_bytes().rpartition(b")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found
