"""One run, from its fork to its exit."""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from .kernel import die_with, limit, set_open_to_others
from .lock import LockError, lock_in

if TYPE_CHECKING:
    from .serve import Work

MIB = 2**20

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm")

CACHES = {
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TRITON_CACHE_DIR": "triton",
    "XDG_CACHE_HOME": "cache",
    "MPLCONFIGDIR": "matplotlib",
    "TORCH_HOME": "torch",
}
"""Where libraries keep what they make, in the run's own scratch folder."""


@dataclass
class Fork:
    """What a fork is to do when it has left the frames of its server behind.

    Attributes:
        work: what is done.
        job: the server's.
        out: the run's own folder, with the order in it.
        is_ready: descriptor to say "." on when the clock is to start, and what the kit's own
            work in this process has taken of the processors, in seconds; else what is wrong.
        prints: descriptor that takes what is printed.
        timeout_s: of the run.
        server: the process that forked.
    """

    work: Work
    job: dict[str, Any]
    out: Path
    is_ready: int
    prints: int
    timeout_s: float
    server: int

    def finish(self) -> NoReturn:
        """Be the run, leave its message, and end this process."""
        try:
            order = json.loads((self.out / "order.json").read_text())
            (self.out / "order.json").unlink()
            self._settle()
            if self.job["lock"] is not None:
                lock_run_in(self.job["lock"], self.out)
        except (OSError, ValueError, LockError) as error:
            self._tell(f"{type(error).__name__}: {error}".encode()[:4000])
            os._exit(1)
        out, is_started = self.out, False

        def tell_ready() -> None:
            nonlocal is_started
            is_started = True
            self._tell(f".{time.process_time()}".encode())

        try:
            message = self.work.run(order, out, tell_ready)
        except Exception as error:
            # What a submission raises is a message; this is the device's, before it began.
            if not is_started:
                self._tell(f"{type(error).__name__}: {error}".encode(errors="replace")[:4000])
            os._exit(1)
        temporary = out / "status.tmp"
        temporary.write_text(json.dumps(message))
        temporary.rename(out / "status.json")
        os._exit(0)

    def _tell(self, what: bytes) -> None:
        """Say to the server that the run begins, or why it does not."""
        os.write(self.is_ready, what)
        os.close(self.is_ready)

    def _settle(self) -> None:
        """Leave the server's group and descriptors, and move to a folder of its own."""
        os.setsid()
        die_with(self.server)
        # Shut by its server for the sake of others; of its own it may see everything.
        set_open_to_others(True)
        os.dup2(self.prints, 1)
        os.dup2(self.prints, 2)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        for name in [each.name for each in Path("/dev/fd").iterdir()]:
            if int(name) > 2 and int(name) != self.is_ready:
                _close(int(name))
        # Anew: what a stream of the server knows of its descriptor no longer holds.
        sys.stdout = _stream(1)
        sys.stderr = _stream(2)
        scratch = self.out / "scratch"
        scratch.mkdir()
        os.chdir(scratch)
        place = str(scratch)
        os.environ.update(HOME=place, TMPDIR=place, USER="run", LOGNAME="run")
        os.environ.update({name: str(scratch / folder) for name, folder in CACHES.items()})
        tempfile.tempdir = None  # where the server may have looked the folder up already
        for kind, value in self._limits().items():
            limit(kind, value)

    def _limits(self) -> dict[int, int]:
        """Return what the run may take; CUDA reserves address space beyond any data limit."""
        bounds = self.job["bounds"]
        limits = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: int(self.job["file_mib"] * MIB),
            resource.RLIMIT_CPU: int(self.timeout_s * 4 + 60),
        }
        if self.job["counts_processes"]:
            # Of a user who has no other processes; others would be counted in, as threads are.
            limits[resource.RLIMIT_NPROC] = 4 * bounds["n_processes"]
        if not str(self.job["device"]).startswith("cuda"):
            limits[resource.RLIMIT_DATA] = int(bounds["memory_mib"] * MIB)
        return limits


def lock_run_in(lock: dict[str, Any], out: Path) -> None:
    """Leave this process nothing but what a run needs.

    Args:
        lock: of the tier, as `scorer.runner.sandboxes` says it.
        out: the run's own folder.

    Raises:
        LockError: this machine cannot.
    """
    writable = [str(out), *DEVICES, *lock["writable"]]
    lock_in([*lock["readable"], "/proc/self"], writable, lock["needs_landlock"])


def _stream(descriptor: int) -> TextIO:
    """Return what prints line by line to a descriptor."""
    return os.fdopen(descriptor, "w", 1, errors="backslashreplace", closefd=False)


def _close(descriptor: int) -> None:
    """Close a descriptor, if it is still open: the listing has one of its own."""
    try:
        os.close(descriptor)
    except OSError:
        return
