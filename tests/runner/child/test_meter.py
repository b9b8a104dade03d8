"""What the kit's meter sees of a run: threads, children, children that were left, and the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scorer.settings import PROJECT_ROOT

BURN = "import time\nend = time.process_time() + {s}\nwhile time.process_time() < end: pass\n"

METERED = """
import os, subprocess, sys, threading, time
from scorer.runner.child.meter import adopt_orphans, wait_for
adopt_orphans()
pid = os.fork()
if pid == 0:
    os.setsid()
{body}
    os._exit(3)
taken = wait_for(pid, {timeout_s})
print(taken.elapsed_s, taken.cpu_s, taken.peak_mib, taken.exit_code, taken.timed_out)
try:
    os.wait()
    print("a child is left")
except ChildProcessError:
    print("alone")
"""


def metered(body: str, timeout_s: float = 20.0) -> list[str]:
    """Return what a server's meter says of a fork with that body, and whether one is left."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    code = METERED.format(body=indented, timeout_s=timeout_s)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.split(None, 5)


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


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
@pytest.mark.parametrize("name", BODIES)
def test_processor_time_is_that_of_all_it_started(name: str) -> None:
    _, cpu_s, peak_mib, exit_code, timed_out, left = metered("ready = os.pipe()\n" + BODIES[name])
    assert 0.3 <= float(cpu_s) < 3.0
    assert float(peak_mib) > 1
    assert (exit_code, timed_out, left.strip()) == ("3", "False", "alone")


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
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
    assert metered(body)[-1].strip() == "alone"
    with pytest.raises(ProcessLookupError):
        os.kill(int(name.read_text()), 0)


def test_a_run_is_ended_at_its_limit() -> None:
    elapsed_s, _, _, exit_code, timed_out, _ = metered("while True: time.sleep(1)", 0.05)
    assert float(elapsed_s) >= 0.05
    assert (exit_code, timed_out) == ("-9", "True")
