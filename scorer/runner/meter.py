"""What a run takes, from its fork to its exit, as the system accounts for it.

Nothing here comes from the run itself. Wall time is the kit's clock, started when the fork has its
device and before it has seen a line of a submission; processor time is what the system charged to
the process, its threads and its children. Children that outlive their parent become the server's
own, which ends them when the run has ended and adds what they took.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
POLL_S = 0.002
PR_SET_CHILD_SUBREAPER = 36
"""From linux/prctl.h."""


@dataclass
class Taken:
    """What a run took, and how it ended.

    Attributes:
        elapsed_s: wall time to the exit of the run's own process.
        cpu_s: processor time of the process, its threads and every process that it started.
        peak_mib: the largest memory of one of these processes.
        exit_code: negative for a signal.
        timed_out: whether the run was ended for its time limit.
    """

    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float = 0.0
    exit_code: int = 0
    timed_out: bool = False

    def add(self, usage: resource.struct_rusage) -> None:
        """Add what the system charged to one process that has ended."""
        self.cpu_s += usage.ru_utime + usage.ru_stime
        # ru_maxrss is in KiB on Linux and in bytes on macOS.
        unit = MIB if sys.platform == "darwin" else 1024
        self.peak_mib = max(self.peak_mib, usage.ru_maxrss / unit)


def adopt_orphans() -> None:
    """Make children whose parent ends this process's own, where the system can: on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_for(pid: int, timeout_s: float) -> Taken:
    """Wait for a forked run, end every process that it left, and return what all of them took.

    Args:
        pid: of the run, the only child of this process.
        timeout_s: wall time after which the run is ended.
    """
    taken, started = Taken(), time.monotonic()
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        taken.elapsed_s = time.monotonic() - started
        if done:
            break
        if not taken.timed_out and taken.elapsed_s > timeout_s:
            taken.timed_out = True
            _kill_group(pid)
        time.sleep(POLL_S)
    taken.add(usage)
    taken.exit_code = os.waitstatus_to_exitcode(status)
    _kill_group(pid)
    _reap_orphans(taken)
    return taken


def _kill_group(pid: int) -> None:
    """End the run and every process of its group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # The group is gone, or the fork had no time yet to become its leader.
        _kill(pid)


def _kill(pid: int) -> None:
    """End a process, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _reap_orphans(taken: Taken) -> None:
    """End what a run left behind, sessions of their own included, and add what it took."""
    while True:
        try:
            done, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if done:
            taken.add(usage)
            continue
        for pid in _children():
            _kill(pid)
        time.sleep(POLL_S)


def _children() -> list[int]:
    """Return the processes whose parent this one is."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name in brackets: state, then parent.
            parent = int(stat.read_bytes().rpartition(b")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == os.getpid():
            found.append(int(stat.parent.name))
    return found
