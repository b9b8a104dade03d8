"""What the kit's meter sees of a run: threads, children, children that were left, and the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scorer.runner.child.kernel import processor_clock
from scorer.runner.child.meter import LOG_BYTES
from scorer.settings import PROJECT_ROOT

BURN = "import time\nend = time.process_time() + {s}\nwhile time.process_time() < end: pass\n"

METERED = """
import os, signal, subprocess, sys, threading, time
from scorer.runner.child.kernel import adopt_orphans
from scorer.runner.child.meter import Bounds, Meter
adopt_orphans()
meter = Meter(Bounds({memory_mib}, {n_processes}, 1.0, 100))
if {counts_itself}:
    meter._clock = None
log, prints = os.pipe()
mark = meter.mark()
pid = os.fork()
if pid == 0:
    os.setsid()
    os.dup2(prints, 1)
{body}
    os._exit(3)
os.close(prints)
taken = meter.wait_for(pid, {timeout_s}, mark, log)
try:
    os.wait()
    left = "a child is left"
except ChildProcessError:
    left = "alone"
import json
from dataclasses import asdict
print(json.dumps({{**asdict(taken), "log": taken.log.decode(), "left": left}}))
"""


def metered(
    body: str,
    timeout_s: float = 20.0,
    *,
    memory_mib: float = 1e6,
    n_processes: int = 100,
    counts_itself: bool = False,
) -> dict[str, Any]:
    """Return what a server's meter says of a fork with that body, and whether one is left."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    values = {"memory_mib": memory_mib, "n_processes": n_processes, "counts_itself": counts_itself}
    code = METERED.format(body=indented, timeout_s=timeout_s, **values)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


START_CHILD = f"subprocess.{{how}}([sys.executable, '-c', {BURN.format(s=0.3)!r}]{{more}})"

BODIES = {
    "itself": BURN.format(s=0.3),
    "a thread": f"t = threading.Thread(target=exec, args=({BURN.format(s=0.3)!r},))\n"
    "t.start()\nt.join()",
    "a child": START_CHILD.format(how="run", more=""),
    "a child that it left to a grandparent": "if os.fork() == 0:\n"
    f"    if os.fork() == 0:\n        os.setsid()\n        exec({BURN.format(s=0.3)!r})\n"
    "        os.close(ready[1])\n    os._exit(0)\nos.close(ready[1])\nos.read(ready[0], 1)",
}


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")


@on_linux
@pytest.mark.parametrize("counts_itself", [False, True], ids=["clock of the system", "by process"])
@pytest.mark.parametrize("name", BODIES)
def test_processor_time_is_that_of_all_it_started(name: str, counts_itself: bool) -> None:
    taken = metered("ready = os.pipe()\n" + BODIES[name], counts_itself=counts_itself)
    assert 0.3 <= taken["cpu_s"] < 3.0
    assert taken["peak_mib"] > 1
    assert (taken["exit_code"], taken["ended"], taken["left"]) == (3, "", "alone")


IGNORED = {
    "itself": "",
    "in a session of its own": "os.setsid()\n",
    "by a child that is forgotten too": "if os.fork(): wait()\n",
}


@on_linux
@pytest.mark.parametrize("name", IGNORED)
def test_children_that_the_system_forgets_are_charged(name: str) -> None:
    if processor_clock() is None:
        pytest.skip("this system lets nobody count processor time (kernel.perf_event_paranoid)")
    own = "".join(f"    {line}\n" for line in (IGNORED[name] + BURN.format(s=0.3)).splitlines())
    body = f"""
def wait():
    try: os.wait()
    except ChildProcessError: os.getpid() == first or os._exit(0)
first = os.getpid()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
{own}    os._exit(0)
wait()"""
    assert 0.3 <= metered(body)["cpu_s"] < 1.0


@on_linux
def test_what_outlives_a_run_is_ended(tmp_path: Path) -> None:
    name = tmp_path / "pid"
    body = f"""
ready = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({str(name)!r}, "w").write(str(os.getpid()))
        os.close(ready[1])
        while True: time.sleep(1)
    os._exit(0)
os.close(ready[1])
os.read(ready[0], 1)"""
    assert metered(body)["left"] == "alone"
    with pytest.raises(ProcessLookupError):
        os.kill(int(name.read_text()), 0)


def test_a_run_is_ended_at_its_limit() -> None:
    taken = metered("while True: time.sleep(1)", 0.05)
    assert taken["elapsed_s"] >= 0.05
    assert (taken["exit_code"], taken["ended"]) == (-9, "timeout")


def test_a_run_that_ends_by_itself_after_its_limit_took_too_long() -> None:
    """Whether it ends before or after somebody looks."""
    taken = metered("time.sleep(0.01)", 0.001)
    assert (taken["ended"], taken["elapsed_s"] > 0.001) == ("timeout", True)


EXCESSES = {
    "many processes": ("for _ in range(20):\n    if os.fork() == 0: break", "processes"),
    "one large process": ("x = bytearray(300 * 2**20)", "memory"),
    "shared memory": (
        "import mmap\nx = mmap.mmap(-1, 300 * 2**20)\nx.write(bytes(len(x)))",
        "memory",
    ),
    "several processes": (
        "for _ in range(3): os.fork()\nx = bytearray(50 * 2**20)",
        "memory",
    ),
}


@on_linux
@pytest.mark.parametrize("name", EXCESSES)
def test_a_run_that_takes_too_much_is_ended(name: str) -> None:
    body, reason = EXCESSES[name]
    bounds = {"n_processes": 10} if reason == "processes" else {"memory_mib": 250.0}
    taken = metered(f"{body}\nwhile True: time.sleep(1)", **bounds)
    assert (taken["ended"], taken["left"]) == (reason, "alone")


@pytest.mark.parametrize("n_bytes", [10, 100_000, 3_000_000])
def test_of_what_is_printed_the_end_is_kept(n_bytes: int) -> None:
    taken = metered(f"sys.stdout.write('x' * {n_bytes} + 'end'); sys.stdout.flush()")
    assert taken["log"].endswith("xend") and len(taken["log"]) == min(n_bytes + 3, LOG_BYTES)
    assert taken["exit_code"] == 3
