"""The kit's end of one process that forks for runs: start it, ask it, end it."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scorer.errors import ScorerError
from scorer.runner.child.serve import READY
from scorer.runner.messages import Unbelievable, read_answer

GRACE_S = 60.0
"""How much longer than its own limit a run may keep the kit waiting, start-up included."""

STOP_S = 15.0
"""How long a server may take to end what it started, when the kit lets go of it."""

START_S = 180.0
"""How long a process may take to import torch on a busy machine."""

ANSWER_BYTES = 2**16


class ServerLost(Exception):
    """The process ended, went silent, or something else than it has answered."""

    def __init__(self, message: str, *, is_forged: bool = False) -> None:
        super().__init__(message)
        self.is_forged = is_forged


class Server:
    """One process; started when it is first asked, and again after it was lost."""

    def __init__(
        self, command: Callable[[], Sequence[str]], folder: Path, environment: Mapping[str, str]
    ) -> None:
        """Prepare; nothing is started.

        Args:
            command: returns what to start; called at every start.
            folder: to start it in.
            environment: the whole of it.
        """
        self._command, self._folder, self._environment = command, folder, environment
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, request: bytes, timeout_s: float) -> dict[str, Any]:
        """Send one request, a line, and return the answer.

        Args:
            request: one line.
            timeout_s: of the run; the answer may take `GRACE_S` longer.

        Raises:
            ServerLost: there is none; the process is ended then.
        """
        process = self.process or self._start()
        deadline = time.monotonic() + timeout_s + GRACE_S
        try:
            line = self._exchange(process, request, deadline)
            return read_answer(line)
        except Unbelievable as error:
            self.stop()
            raise ServerLost(f"the answer was not the kit's: {error}", is_forged=True) from error
        except TimeoutError:
            self.stop()
            raise ServerLost("the process that runs the submission did not answer") from None
        except (BrokenPipeError, EOFError):
            code = self.stop()
            raise ServerLost(f"the process that runs the submission ended with {code}") from None

    def _exchange(self, process: subprocess.Popen[bytes], request: bytes, deadline: float) -> bytes:
        """Write a line, if there is one to write, and read one.

        Raises:
            BrokenPipeError, EOFError: the process has ended.
            TimeoutError: nothing came in time.
            Unbelievable: the line does not end.
        """
        if process.stdin is None or process.stdout is None:
            raise EOFError
        if request:
            process.stdin.write(request)
            process.stdin.flush()
        line, descriptor = b"", process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                part = os.read(descriptor, ANSWER_BYTES)
                if not part:
                    raise EOFError
                line += part
                if len(line) > ANSWER_BYTES:
                    raise Unbelievable("the answer must be a short line")
        return line

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the process and wait until it is ready.

        Raises:
            ScorerError: it is not; no submission has been near it.
        """
        process = self.process = subprocess.Popen(
            list(self._command()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self._folder,
            env=dict(self._environment),
            start_new_session=True,
        )
        try:
            line = self._exchange(process, b"", time.monotonic() + START_S)
        except (EOFError, TimeoutError, Unbelievable) as error:
            code = self.stop()
            what = f"no answer in {START_S:g} s" if isinstance(error, TimeoutError) else code
            raise ScorerError(
                f"the process for runs must start, got {what}; what it wrote stands above, and"
                " `python -m scorer doctor` says which tiers of isolation hold here"
            ) from error
        if line != READY:
            self.stop()
            raise ScorerError(f"the process for runs must say {READY!r} first, got {line[:200]!r}")
        return process

    def stop(self) -> str:
        """End the process and all that it started: it does so itself when its input ends.

        Returns:
            How it ended, "exit code 1" or "signal 9".
        """
        process, self.process = self.process, None
        if process is None:
            return "nothing"
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # a request that nobody reads any more
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        code = process.returncode
        return f"signal {-code}" if code < 0 else f"exit code {code}"
