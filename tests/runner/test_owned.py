"""Processes of runs end with the kit, however it ends."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scorer.runner.tiers import missing
from scorer.settings import PROJECT_ROOT

KIT = """
import sys
from dataclasses import asdict
import torch
from scorer.runner.host import SubmissionHost
from scorer.runner.sandboxes import SANDBOXES
from scorer.training.models import build_model
from tests.conftest import tiny_definition
from tests.runner._hosts import run

sets = {}
for name in ("retain", "forget", "val"):
    sets[f"{name}_images"], sets[f"{name}_labels"] = torch.zeros(9, 1, 8, 8), torch.arange(9)
settings = {"recipe": asdict(tiny_definition().recipe), "n_channels": 1, "n_classes": 10}
settings |= {"device": "cpu", "gpu_share": 1.0, "timeout_s": 600.0, "reference_timeout_s": 600.0}
sandbox = SANDBOXES[sys.argv[1]]()
with SubmissionHost(sandbox=sandbox, settings=settings | {"memory_mib": 3e3}, sets=sets) as host:
    host.set_original(build_model("small_cnn", 1, 10, 0).state_dict())
    assert run(host, "pass")[1]["fault"] is None
    print("ready", flush=True)
    run(host, BODY)
"""

BODY = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        os.fork()
time.sleep(600)
"""

PATIENCE_S = 60.0


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
def test_nothing_outlives_the_kit(tier: str, how: signal.Signals, tmp_path: Path) -> None:
    if missing(tier):
        pytest.skip(f"{tier}: {missing(tier)}")
    mark = secrets.token_hex(8)
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/{mark}", "TMPDIR": str(tmp_path)}
    code = KIT.replace("BODY", repr(BODY))
    kit = subprocess.Popen(
        [sys.executable, "-c", code, tier],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert kit.stdout is not None
        assert kit.stdout.readline() == b"ready\n"
        assert wait_until(True, mark), "the run has started its processes"
    finally:
        kit.send_signal(how)
        kit.communicate()
    assert wait_until(False, mark), marked(mark)
    if how == signal.SIGINT:
        assert not list(tmp_path.glob("unlearning-*/*")), "what can clean up does"
