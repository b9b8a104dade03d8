"""A process for one stage: a kernel that fails ends all CUDA work of its process, and no more."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from scorer.bench.gpu_stages.runner import STOPPED, Outcome
from scorer.bench.gpu_stages.state import DONE, FAILED, LEFT, Found, found_of
from scorer.engines import base as engines
from scorer.processes import Owner
from scorer.settings import PROJECT_ROOT

READ_BYTES = 2**16


def run_apart(
    function: str, told: Mapping[str, Any], limit_s: float, say: Callable[[str], None]
) -> Outcome:
    """Call a shard function in a process of its own, and end that and what it started in time.

    Args:
        function: "package.module:function"; it emits `said`, a line to show, `found`, what it
            measured so far, `missing`, what it needs and is not there, and `unfit`, why what it
            measured is not good.
        told: its spec.
        limit_s: after which it is ended.
        say: shows a line.
    """
    events = Events(say)
    deadline = time.monotonic() + limit_s
    with (
        selectors.DefaultSelector() as selector,
        Owner() as owner,
        tempfile.TemporaryFile("w+") as spec,
    ):
        json.dump(dict(told), spec)
        spec.seek(0)
        process = owner.start(
            [sys.executable, "-m", "scorer.engines.shard", function, str(os.getpid())],
            stdin=spec,
            stdout=subprocess.PIPE,  # its errors go where those of this process go, at once
            cwd=PROJECT_ROOT,
        )
        if process.stdout is None:
            raise RuntimeError(f"the process of {function} was started without a pipe")
        selector.register(process.stdout, selectors.EVENT_READ)
        rest = b""
        while (left_s := deadline - time.monotonic()) > 0:
            if not selector.select(left_s):
                continue
            read = os.read(process.stdout.fileno(), READ_BYTES)
            if not read:
                break
            *whole, rest = (rest + read).split(b"\n")
            for line in whole:
                events.take(json.loads(line))
        else:
            return Outcome(STOPPED, f"ended after {limit_s:.0f} s", events.found)
        process.stdout.close()
        return events.outcome(owner.forget(process))


class Events:
    """What the process of a stage has told so far."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.found = Found()
        self._say = say
        self._status = DONE
        self._message = ""

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one event."""
        if "said" in event:
            self._say(f"  {event['said']}")
        if "found" in event:
            self.found = found_of(event["found"])
        for key, status in (("missing", LEFT), ("unfit", FAILED), (engines.FAILED, FAILED)):
            if key in event:
                self._status, self._message = status, str(event[key])

    def outcome(self, exit_code: int) -> Outcome:
        """Return how the stage ended, by the exit code of its process."""
        if exit_code and not self._message:
            how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
            self._status = FAILED
            self._message = f"its process ended with {how}; what it wrote stands above"
        return Outcome(self._status, self._message, self.found)
