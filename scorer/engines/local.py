"""The default engine: one process a shard on this machine, from the standard library alone.

Shards that compute on GPUs take these in turns, and each sees its own alone.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from scorer.devices import pin_of_shard
from scorer.engines.base import (
    MAX_ATTEMPTS,
    Emit,
    Engine,
    Listener,
    ShardFailed,
    Spec,
    after_death,
    is_on_gpu,
    worker_environment,
)
from scorer.processes import Owner
from scorer.settings import PROJECT_ROOT

LAST_LINES = 15
READ_BYTES = 2**16


class LocalEngine(Engine):
    """Runs each shard as `python -m scorer.engines.shard`, one thread a process."""

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        """See `Engine.run`; a signal or a failed shard ends the others at once."""
        waiting = deque((spec, 1, self._pin(number, spec)) for number, spec in enumerate(specs))
        listener, n_running = Listener(on_event), 0
        with ExitStack() as stack:
            # Threads would have to be told of a signal; one loop is where it is raised.
            selector = stack.enter_context(selectors.DefaultSelector())
            owner = stack.enter_context(Owner())
            while waiting or n_running:
                while waiting and n_running < self.n_workers:
                    shard = _Shard(function, *waiting.popleft(), owner)
                    selector.register(shard.pipe, selectors.EVENT_READ, shard)
                    n_running += 1
                for key, _ in selector.select():
                    shard = key.data
                    for line in shard.lines():
                        listener(json.loads(line))
                    if shard.has_ended:
                        selector.unregister(key.fd)
                        n_running -= 1
                        if not shard.finished(owner):
                            spec = after_death(shard.spec)
                            waiting.append((spec, shard.attempt + 1, shard.pin))

    def _pin(self, number: int, spec: Spec) -> dict[str, str]:
        """Return what shows a shard its GPU, the same on every attempt."""
        return pin_of_shard(number, self.gpus) if is_on_gpu(spec) else {}


class _Shard:
    """One process of a shard."""

    def __init__(
        self, function: str, spec: Spec, attempt: int, pin: Mapping[str, str], owner: Owner
    ) -> None:
        self.spec, self.attempt, self.pin = spec, attempt, pin
        self.has_ended = False
        self._function = function
        self._rest = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
        with tempfile.TemporaryFile("w+") as told:
            json.dump(dict(spec), told)
            told.seek(0)
            self._process = owner.start(
                [sys.executable, "-m", "scorer.engines.shard", function, str(os.getpid())],
                stdin=told,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=PROJECT_ROOT,
                env=worker_environment({**os.environ, **pin}),
            )
        if self._process.stdout is None:
            raise ShardFailed(f"a worker running {function} was started without a pipe")
        self.pipe = self._process.stdout

    def lines(self) -> Iterator[bytes]:
        """Yield the whole lines that have come; sets `has_ended` where there will be no more."""
        found = os.read(self.pipe.fileno(), READ_BYTES)
        self.has_ended = not found
        *whole, self._rest = (self._rest + found).split(b"\n")
        yield from whole

    def finished(self, owner: Owner) -> bool:
        """Tell whether an ended shard did its work; False if it was killed and may start again.

        Raises:
            ShardFailed: it did not, and another try would not help.
        """
        self.pipe.close()
        code = owner.forget(self._process)
        with self._errors as errors:
            errors.seek(0)
            last = errors.read().decode(errors="replace").splitlines()[-LAST_LINES:]
        # A negative code is a signal: the process was killed, so it is worth another try.
        if code > 0 or (code < 0 and self.attempt == MAX_ATTEMPTS):
            said = "\n".join(last).rstrip()
            raise ShardFailed(
                f"a worker running {self._function} ended with code {code} on attempt"
                f" {self.attempt} of {MAX_ATTEMPTS}; what it finished is kept. Its last lines:\n"
                f"{said}"
            )
        return code == 0
