"""Temporary folders: one place, each its owner's, none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from scorer.errors import ScorerError
from scorer.settings import PROJECT_ROOT
from scorer.temporary import new_folder, sweep_temporary, temporary_root

OWNER = """
import signal
from scorer.temporary import new_folder
folder = new_folder()
(folder / "deep" / "er").mkdir(parents=True)
(folder / "deep" / "file").write_text("x")
print(folder, flush=True)
signal.pause()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a temporary folder of the system of its own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def owner() -> tuple[subprocess.Popen[str], Path]:
    command = [sys.executable, "-c", OWNER]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_is_not(
    number: signal.Signals, place: Path
) -> None:
    process, left = owner()
    other, held = owner()
    try:
        process.send_signal(number)
        process.wait()
        sweep_temporary()
        assert not left.exists()
        assert (held / "deep" / "file").is_file()
        assert {left.parent, held.parent} == {temporary_root()} == {place / root_name()}
    finally:
        other.kill()
        other.wait()
    mine = new_folder()
    assert not held.exists(), "the next start sweeps"
    sweep_temporary()
    assert mine.is_dir(), "one's own lives on"
    mine.rmdir()


def root_name() -> str:
    return f"unlearning-{os.getuid()}"


def test_nobody_else_may_look_into_the_place(place: Path) -> None:
    assert temporary_root().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["link", "writable", "file"])
def test_a_place_that_is_not_ones_own_is_refused(place: Path, kind: str) -> None:
    root = place / root_name()
    if kind == "link":
        (place / "elsewhere").mkdir()
        root.symlink_to(place / "elsewhere")
    elif kind == "writable":
        root.mkdir()
        root.chmod(0o777)
    else:
        root.touch()
    for ask in (temporary_root, new_folder, sweep_temporary):
        with pytest.raises(ScorerError, match=r"must be a folder of this user.*set TMPDIR"):
            ask()
