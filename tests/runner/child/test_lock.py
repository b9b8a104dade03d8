"""Locks hold for the process and for what it starts, with Landlock or without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scorer.runner.child.lock import MACHINES, REFUSED, SYSTEM_CALLS, landlock_version
from scorer.settings import PROJECT_ROOT

LOCKED = """
import json, os, socket, sys
from pathlib import Path
from scorer.runner.child import lock
if {hides_landlock}:
    lock.landlock_version = lambda: 0
own, other = Path(sys.argv[1]), Path(sys.argv[2])
lock.lock_in(["/usr", "/lib", "/lib64", "/etc"], [str(own)], {needs_landlock})
tries = {{
    "write": lambda: (own / "x").write_text("x"),
    "read": lambda: (other / "secret").read_text(),
    "socket": lambda: socket.socket(socket.AF_INET),
    "pair": lambda: socket.socketpair(),
    "signal": lambda: os.kill(os.getppid(), 0),
    "fork": lambda: os.waitpid(os.fork() or os._exit(0), 0),
}}
found = {{}}
for name, attempt in tries.items():
    try:
        attempt()
        found[name] = True
    except OSError:
        found[name] = False
print(json.dumps(found))
"""


def locked(folder: Path, *, hides_landlock: bool = False, needs_landlock: bool = True) -> dict:
    """Return what a process can do that has locked itself in."""
    for name in ("own", "other"):
        (folder / name).mkdir()
    (folder / "other" / "secret").write_text("x")
    code = LOCKED.format(hides_landlock=hides_landlock, needs_landlock=needs_landlock)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "own"), str(folder / "other")],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr}


@pytest.mark.skipif(landlock_version() < 6, reason="needs Landlock 6")
def test_with_landlock_only_its_own_is_left(tmp_path: Path) -> None:
    found = locked(tmp_path)
    assert found == {
        **{"write": True, "read": False, "socket": False, "pair": True},
        **{"signal": False, "fork": True},
    }


@pytest.mark.skipif(sys.platform != "linux", reason="filters of system calls are of Linux")
def test_without_it_the_filter_holds_where_it_is_enough(tmp_path: Path) -> None:
    found = locked(tmp_path, hides_landlock=True, needs_landlock=False)
    assert found["read"] and found["write"] and not found["socket"] and found["pair"]


def test_without_it_nothing_is_run_where_it_is_needed(tmp_path: Path) -> None:
    assert "LockError: " in locked(tmp_path, hides_landlock=True)["error"]


def test_every_machine_has_its_numbers() -> None:
    assert set(MACHINES) == set(REFUSED) == set(SYSTEM_CALLS)
    assert len({len(set(numbers)) for numbers in REFUSED.values()}) == 1
