"""The process that holds what all runs start from, and forks for each of them.

It reads one JSON object a line on its standard input and answers with one a line on what was its
standard output. Importing torch once and forking costs milliseconds a run where a new interpreter
costs seconds. CUDA is never touched before a fork.

It knows nothing that a run must not: the sets, the weights of one original, limits. Seeds it never
sees, since each fork reads its own from its own folder; and a fork leaves the frames of this
process behind before it runs anything, so that nothing of it is on the run's stack.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from .forked import Fork
from .kernel import adopt_orphans, become, die_with, set_open_to_others
from .leftovers import empty, names_in
from .meter import Bounds, KitGone, Meter
from .preload import FOLDERS
from .tree import Unending

KIT = ("scorer", "data_prep", "submission")
"""Packages of the kit, which a submission has no business with."""


OUTSIDE = 0
"""What the first process of a namespace sees as the number of its parent."""

READY = b"ready\n"
"""What a server says before it is asked anything."""


class Work(Protocol):
    """What is done in forks."""

    def prepare(self, request: dict[str, Any]) -> None:
        """Load or import, before the fork, what no run is to be charged for."""

    def run(self, order: dict[str, Any], out: Path, tell_ready: Callable[[], None]) -> Any:
        """Be one run, and return its message: what becomes `status.json`."""


class Server:
    """Holds what all runs start from, and forks."""

    def __init__(self, make_work: Callable[[Path, dict[str, Any]], Work]) -> None:
        """Settle in: nobody looks in from outside, and the kit is not to be imported.

        Args:
            make_work: called with the folder, which is the working folder too, and the job.
        """
        self.folder = Path.cwd()
        self.job: dict[str, Any] = json.loads((self.folder / "program" / "job.json").read_text())
        self.answers = os.dup(1)
        os.dup2(2, 1)
        if self.job["user"] is not None:
            become(self.job["user"])
        if os.getpid() == 1:
            # And with it its whole namespace. Elsewhere it must live on for a moment, to end what
            # the run has started; it notices that the kit is gone by its input.
            die_with(OUTSIDE)
        set_open_to_others(False)
        adopt_orphans()
        self.meter = Meter(Bounds(**self.job["bounds"]), kit=0)
        # What the tier itself has put into a folder that is emptied after each run.
        self.private = {Path(each): names_in(Path(each)) for each in self.job["private"]}
        self.work = make_work(self.folder, self.job)
        # A garbage collection in a fork would write to, and so copy, every page it inherited.
        gc.collect()
        gc.freeze()
        os.write(self.answers, READY)

    def serve(self) -> Fork | None:
        """Answer requests until there are no more: then None; in a fork, what is to be done."""
        for line in iter(_read_line, b""):
            request = json.loads(line)
            try:
                self.work.prepare(request)
            except Exception as error:  # whatever the kit's own files are, the kit has to be told
                self._answer({"kit": f"{type(error).__name__}: {error}"})
                continue
            fork = self._run(request)
            if fork is not None:
                return fork
        return None

    def _run(self, request: dict[str, Any]) -> Fork | None:
        """Fork for one run, wait for it and answer; in the fork, return."""
        out = self.folder / "out" / request["out"]
        ready, is_ready = os.pipe()
        log, prints = os.pipe()
        mark = self.meter.mark()
        server, timeout_s = os.getpid(), request["timeout_s"]
        pid = os.fork()
        if pid == 0:
            return Fork(self.work, self.job, out, is_ready, prints, timeout_s, server)
        os.close(is_ready)
        os.close(prints)
        said = os.read(ready, 4096).decode(errors="replace")  # "" where the fork died before
        os.close(ready)
        try:
            taken = self.meter.wait_for(pid, timeout_s, mark, log, out)
        except KitGone:
            os._exit(0)
        except Unending as error:
            raise SystemExit(str(error)) from error
        os.close(log)
        for folder, kept in self.private.items():
            empty(folder, kept)
        if said.startswith("."):
            # Of both meters the start is the same: what was said there no submission has seen.
            taken.cpu_s = max(0.0, taken.cpu_s - float(said[1:]))
            self._answer({**asdict(taken), "log": taken.log.decode(errors="replace")})
        else:
            self._answer({"kit": said or "the run ended before it began"})
        return None

    def _answer(self, answer: dict[str, Any]) -> None:
        """Send one answer."""
        os.write(self.answers, json.dumps(answer).encode() + b"\n")


def _read_line() -> bytes:
    """Return a request, b"" at their end; the kit sends the next only when it has an answer.

    Without a buffer, which a fork would inherit with what earlier runs were asked.
    """
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 2**16)
        if not part:
            return b""
        line += part
    return line


def hide_the_kit() -> None:
    """Let nobody import the kit, and find packages nowhere but where they are installed."""
    # A checkout; where the kit lies among packages they stay, and its names alone are taken.
    sys.path[:] = [
        each
        for each in sys.path
        if Path(each).name in FOLDERS or not (Path(each) / "scorer" / "runner").is_dir()
    ]
    for name in KIT:
        sys.modules[name] = None  # type: ignore[assignment]


def main(make_work: Callable[[Path, dict[str, Any]], Work]) -> None:
    """Serve; in a fork, be the run and never return."""
    fork = Server(make_work).serve()
    if fork is not None:
        fork.finish()
    # Nothing is to be saved, and to take an interpreter with torch apart takes a while.
    os._exit(0)
