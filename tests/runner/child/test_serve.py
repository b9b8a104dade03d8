"""What a server does before it serves, and what it charges to a run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scorer.runner.child.serve import KIT, READY, hide_the_kit
from scorer.settings import PROJECT_ROOT

SERVED = """
import time
from scorer.runner.child.serve import main

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass

class Work:
    def __init__(self, folder, job): pass
    def prepare(self, request): pass
    def run(self, order, out, tell_ready):
        burn(order["before_s"])
        tell_ready()
        burn(order["after_s"])

main(Work)
"""


def test_the_kit_goes_from_the_path_and_packages_that_it_lies_among_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkout, packages, others = (tmp_path / name for name in ("checkout", "site-packages", "lib"))
    for place in (checkout, packages):
        (place / "scorer" / "runner").mkdir(parents=True)
    for name in KIT:
        monkeypatch.setitem(sys.modules, name, sys)
    monkeypatch.setattr(sys, "path", [str(each) for each in (checkout, packages, others)])
    hide_the_kit()
    assert sys.path == [str(packages), str(others)]
    assert [sys.modules[name] for name in KIT] == [None] * len(KIT)


@pytest.mark.skipif(sys.platform != "linux", reason="a fork's limits are Linux's")
@pytest.mark.parametrize(("before_s", "after_s"), [(0.6, 0.0), (0.6, 0.3), (0.0, 0.3)])
def test_what_comes_before_a_run_is_ready_is_not_its_own(
    tmp_path: Path, before_s: float, after_s: float
) -> None:
    bounds = {"memory_mib": 1e6, "n_processes": 64, "files_mib": 1.0, "n_files": 100}
    job = {"user": None, "private": [], "lock": None, "file_mib": 1, "counts_processes": False}
    (tmp_path / "program").mkdir()
    job |= {"device": "cpu", "bounds": bounds}
    (tmp_path / "program" / "job.json").write_text(json.dumps(job))
    (tmp_path / "out" / "run").mkdir(parents=True)
    order = {"before_s": before_s, "after_s": after_s}
    (tmp_path / "out" / "run" / "order.json").write_text(json.dumps(order))
    with subprocess.Popen(
        [sys.executable, "-c", SERVED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PROJECT_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        assert server.stdout.readline() == READY.decode()
        print(json.dumps({"out": "run", "timeout_s": 60.0}), file=server.stdin, flush=True)
        taken = json.loads(server.stdout.readline())
    assert taken["exit_code"] == 0
    assert after_s <= taken["cpu_s"] < after_s + 0.3
    assert taken["elapsed_s"] >= after_s
