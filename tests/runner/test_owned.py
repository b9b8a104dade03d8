"""Processes of runs end with the kit, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from scorer.oracles.pool import Pool
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.tiers import missing
from tests.runner._hosts import host_of, run

BODY = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        os.fork()
time.sleep(600)
"""

PATIENCE_S = 60.0


def be_a_kit(tier: str, pool: Pool, ready: Connection) -> None:
    """Run a submission to its end, say so, and run one that never ends."""
    with host_of(pool, SANDBOXES[tier](), timeout_s=600.0) as host:
        assert run(host, "pass")[1]["fault"] is None
        ready.send(None)
        run(host, BODY)


def marked(mark: str) -> set[int]:
    """Return the processes that have a mark in their environment."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.add(int(process.name))
        except OSError:
            continue
    return found


def wait_until(wanted: bool, mark: str) -> bool:
    """Wait for many marked processes to be there, or for none; tell whether it came so."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if (len(marked(mark)) >= 7) if wanted else not marked(mark):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
@pytest.mark.parametrize(
    ("tier", "how"),
    [
        ("process", signal.SIGKILL),
        ("landlock", signal.SIGKILL),
        ("bwrap", signal.SIGKILL),
        ("bwrap", signal.SIGINT),
    ],
)
def test_nothing_outlives_the_kit(
    tier: str,
    how: signal.Signals,
    tiny_pool: Pool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if missing(tier):
        pytest.skip(f"{tier}: {missing(tier)}")
    mark = secrets.token_hex(8)
    # What the kit starts has it too; the kit itself, a fork, shows the environment of the tests.
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/{mark}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    context = multiprocessing.get_context("fork")
    is_ready, ready = context.Pipe(duplex=False)
    kit = context.Process(target=be_a_kit, args=(tier, tiny_pool, ready))
    kit.start()
    ready.close()
    try:
        is_ready.recv()
        assert wait_until(True, mark), "the run has started its processes"
    finally:
        os.kill(kit.pid or 0, how)
        kit.join()
    assert wait_until(False, mark), marked(mark)
    if how == signal.SIGINT:
        assert not list(tmp_path.glob("unlearning-*/*")), "what can clean up does"
