"""What a run takes, from its start to its exit, as the system accounts for it.

Nothing here comes from the run itself. Wall time is the kit's clock, started when the fork has its
device, warm, and before it has seen a line of a submission; processor time is what the system
charged to the process, its threads and everything that these started, of which the server takes off
what its own work took before that. What outlives the run's own process is ended with it, and what
it took is added.
"""

from __future__ import annotations

import os
import resource
import select
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .kernel import processor_clock
from .tree import POLL_S, descendants, end_all, memory_mib

MIB = 2**20
CHECK_S = 0.25
"""How often memory, processes and files of a run are looked at."""

LOG_BYTES = 4096
"""How much of what a run prints is kept: the end of it."""


@dataclass(frozen=True)
class Bounds:
    """What a run and everything that it starts may take together.

    Attributes:
        memory_mib: memory.
        n_processes: processes.
        files_mib: size of the files in its folder.
        n_files: files in its folder.
    """

    memory_mib: float
    n_processes: int
    files_mib: float
    n_files: int


@dataclass
class Taken:
    """What a run took, and how it ended.

    Attributes:
        elapsed_s: wall time to the exit of the run's own process.
        cpu_s: processor time of the process, its threads and every process that it started.
        peak_mib: the largest memory of one of these processes.
        exit_code: negative for a signal.
        ended: "timeout", "memory", "processes" or "files" for what it took too much of, else "".
        log: the end of what it printed.
    """

    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float = 0.0
    exit_code: int = 0
    ended: str = ""
    log: bytes = field(default=b"", repr=False)

    def add(self, usage: resource.struct_rusage) -> None:
        """Add what the system charged to one process that has ended."""
        self.cpu_s += usage.ru_utime + usage.ru_stime
        # ru_maxrss is in KiB on Linux and in bytes on macOS.
        unit = MIB if sys.platform == "darwin" else 1024
        self.peak_mib = max(self.peak_mib, usage.ru_maxrss / unit)


class Meter:
    """Watches one run after the other."""

    def __init__(self, bounds: Bounds, kit: int | None = None) -> None:
        """Prepare; must happen before the first fork, in the thread that forks.

        Args:
            bounds: of each run.
            kit: descriptor that hangs up when the kit is gone, None for none.
        """
        self._bounds, self._kit = bounds, kit
        self._clock = processor_clock()

    def mark(self) -> float:
        """Return what all runs so far have taken of the processors, to be handed to `wait_for`."""
        if self._clock is None:
            return 0.0
        (nanoseconds,) = struct.unpack("=Q", os.read(self._clock, 8))
        return float(nanoseconds) / 1e9 - time.thread_time()

    def wait_for(
        self,
        pid: int,
        timeout_s: float,
        mark: float = 0.0,
        log: int | None = None,
        folder: Path | None = None,
    ) -> Taken:
        """Wait for a forked run, end every process that it left, and return what all took.

        Args:
            pid: of the run, the only child of this process.
            timeout_s: wall time after which the run is ended.
            mark: what `mark` returned before the fork.
            log: descriptor to read what the run prints from.
            folder: the run's own, whose files are bounded.

        Raises:
            Unending: processes of the run cannot be ended.
            KitGone: nobody waits for the answer any more.
        """
        taken, started = Taken(), time.monotonic()
        watch = _Watch(pid, log, self._kit)
        next_check = CHECK_S
        try:
            while not watch.has_ended(taken, timeout_s - taken.elapsed_s):
                taken.elapsed_s = time.monotonic() - started
                if taken.elapsed_s > next_check:
                    next_check = taken.elapsed_s + CHECK_S
                    taken.ended = self._excess(folder)
                if taken.ended or taken.elapsed_s > timeout_s:
                    break
            taken.elapsed_s = time.monotonic() - started
            # What has ended by itself may be over its limit too: nobody looks all the time.
            if not taken.ended and taken.elapsed_s > timeout_s:
                taken.ended = "timeout"
        finally:
            # The kit may be gone, and this process about to follow: no run outlives it.
            for each, status, usage in end_all(pid):
                taken.add(usage)
                if each == pid:
                    taken.exit_code = os.waitstatus_to_exitcode(status)
            watch.close(taken)
        if self._clock is not None:
            taken.cpu_s = max(taken.cpu_s, self.mark() - mark)
        return taken

    def _excess(self, folder: Path | None) -> str:
        """Return what a run takes too much of, or ""."""
        bounds, processes = self._bounds, descendants()
        # First, since of many the memory takes long to tell, while they go on.
        if len(processes) > bounds.n_processes:
            return "processes"
        if memory_mib(processes, bounds.memory_mib) > bounds.memory_mib:
            return "memory"
        if folder is not None and _holds_too_much(folder, bounds):
            return "files"
        return ""


class KitGone(Exception):
    """The process that asked for a run has ended."""


class _Watch:
    """Waits for the end of a process, and reads what it prints meanwhile."""

    def __init__(self, pid: int, log: int | None, kit: int | None) -> None:
        self._pid, self._log, self._kit = pid, log, kit
        open_pid: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
        self._end = open_pid(pid) if open_pid else None
        self._poll = select.poll()
        if log is not None:
            os.set_blocking(log, False)
            self._poll.register(log, select.POLLIN)
        if kit is not None:
            self._poll.register(kit, 0)
        if self._end is not None:
            self._poll.register(self._end, select.POLLIN)

    def has_ended(self, taken: Taken, left_s: float) -> bool:
        """Wait for something to happen, a moment at most, and tell whether the process has ended.

        Args:
            taken: what is found out goes there.
            left_s: until the limit of the run, which is not waited beyond.

        Raises:
            KitGone: nobody waits for the answer any more.
        """
        wait_s = POLL_S if self._end is None else CHECK_S / 4
        for descriptor, event in self._poll.poll(1000 * max(0.0, min(wait_s, left_s))):
            if descriptor == self._kit and event & (select.POLLHUP | select.POLLERR):
                raise KitGone
            if descriptor == self._log and not self._read(taken):
                self._poll.unregister(descriptor)
        done, status, usage = os.wait4(self._pid, os.WNOHANG)
        if done:
            taken.exit_code = os.waitstatus_to_exitcode(status)
            taken.add(usage)
        return bool(done)

    def _read(self, taken: Taken) -> bool:
        """Keep the end of what is there to read; tell whether there can be more."""
        if self._log is None:
            return False
        try:
            text = os.read(self._log, 2**16)
        except BlockingIOError:
            return True
        taken.log = (taken.log + text)[-LOG_BYTES:]
        return bool(text)

    def close(self, taken: Taken) -> None:
        """Read what is left, at most what a pipe holds, and let go of the process."""
        for _ in range(16):
            before = taken.log
            if not self._read(taken) or taken.log == before:
                break
        if self._end is not None:
            os.close(self._end)


def _holds_too_much(folder: Path, bounds: Bounds) -> bool:
    """Tell whether the files below a folder are too many or too large."""
    n_files, n_bytes, waiting = 0, 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    n_files += 1
                    n_bytes += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if n_files > bounds.n_files or n_bytes > bounds.files_mib * MIB:
                        return True
        except OSError:
            continue  # a folder that is gone meanwhile, or that the run has closed to itself
    return False
