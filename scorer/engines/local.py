"""The default engine: one process a shard on this machine, from the standard library alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from scorer.engines.base import MAX_ATTEMPTS, Emit, Engine, ShardFailed, Spec, worker_environment
from scorer.settings import PROJECT_ROOT

LAST_LINES = 15


class LocalEngine(Engine):
    """Runs each shard as `python -m scorer.engines.shard`, one thread a process."""

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        """See `Engine.run`; Ctrl-C or a failed shard ends the others."""
        if not specs:
            return
        running: set[subprocess.Popen[str]] = set()
        lock = threading.Lock()
        stopping = threading.Event()

        def emit(event: dict[str, object]) -> None:
            with lock:
                on_event(event)

        def supervise(spec: Spec) -> None:
            for attempt in range(1, MAX_ATTEMPTS + 1):
                code, last_lines = self._run_once(function, spec, emit, running, stopping)
                if code == 0 or stopping.is_set():
                    return
                # A negative code is a signal: the process was killed, so it is worth another try.
                if code > 0 or attempt == MAX_ATTEMPTS:
                    raise ShardFailed(
                        f"a worker running {function} ended with code {code} on attempt {attempt}"
                        f" of {MAX_ATTEMPTS}; what it finished is kept. Its last lines:\n"
                        f"{last_lines}"
                    )

        with ThreadPoolExecutor(max_workers=self.n_workers) as threads:
            futures = [threads.submit(supervise, spec) for spec in specs]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
            finally:
                stopping.set()
                for future in futures:
                    future.cancel()
                for process in list(running):
                    process.terminate()

    def _run_once(
        self,
        function: str,
        spec: Spec,
        emit: Emit,
        running: set[subprocess.Popen[str]],
        stopping: threading.Event,
    ) -> tuple[int, str]:
        """Run one shard process to its end; return its exit code and its last lines on stderr."""
        if stopping.is_set():
            return 0, ""
        with (
            tempfile.TemporaryFile("w+") as told,
            tempfile.TemporaryFile("w+", errors="replace") as errors,
        ):
            json.dump(dict(spec), told)
            told.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-m", "scorer.engines.shard", function],
                stdin=told,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=PROJECT_ROOT,
                env=worker_environment(os.environ),
            )
            running.add(process)
            try:
                for line in process.stdout or ():
                    emit(json.loads(line))
                code = process.wait()
            finally:
                process.kill()
                running.discard(process)
            errors.seek(0)
            return code, "".join(errors.readlines()[-LAST_LINES:]).rstrip()
