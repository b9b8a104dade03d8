"""A score that is killed at any time: nothing finished is lost, nothing wrong is kept, all goes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scorer.files import TEMPORARY
from scorer.oracles.place import RUNS
from scorer.settings import PROJECT_ROOT
from scorer.store import ARRAYS, MANIFEST
from tests.test_processes import needs_linux

N_MODELS = 6

SOURCE = """
import torch
def unlearning(net, retain, forget, val):
    for images, labels in retain:
        torch.nn.functional.cross_entropy(net(images), labels).backward()
    with torch.no_grad():
        net.fc.bias += torch.randn(10)
"""

PATIENCE_S = 60.0


class Place:
    """Folders of one cache, and commands that score there."""

    def __init__(self, folder: Path) -> None:
        self.cache, self.temporary = folder / "cache", folder / "tmp"
        self.temporary.mkdir(parents=True)
        self.method = folder / "mine.py"
        self.method.write_text(SOURCE)
        self._results = folder / "results"

    def start(self) -> subprocess.Popen[bytes]:
        """Start to score; a named secret makes the same runs whenever it is made anew."""
        command = [
            sys.executable, "-m", "tests.runner._command", "score", str(self.method),
            "--task", "tiny", "--n-models", str(N_MODELS), "--workers", "2", "--device", "cpu",
            "--secret", "public", "--cache-dir", str(self.cache),
            "--results-dir", str(self._results),
        ]  # fmt: skip
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        return subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def runs(self, file: str) -> dict[str, bytes]:
        """Return a file of every outcome by the folder that it lies in."""
        found = self.cache.glob(f"**/mine-*/run/[0-9]*/{file}")
        return {path.parent.name: path.read_bytes() for path in found}

    def processes(self) -> set[int]:
        """Return the processes that have to do with this place."""
        mark, found = str(self.temporary).encode(), set()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                texts = [(process / name).read_bytes() for name in ("cmdline", "environ")]
                is_dead = b") Z " in (process / "stat").read_bytes()
            except OSError:
                continue
            if any(mark in text for text in texts) and not is_dead:
                found.add(int(process.name))
        return found

    def left(self) -> Iterator[Path]:
        """Yield what lies under temporary names."""
        yield from self.cache.rglob(f"{TEMPORARY}*")
        yield from self.temporary.rglob(f"{TEMPORARY}*")


@needs_linux
@pytest.mark.parametrize("n_kills", [2, pytest.param(200, marks=pytest.mark.slow)])
def test_a_score_that_is_killed_again_and_again_comes_to_the_same(
    tmp_path: Path, n_kills: int
) -> None:
    whole, killed, draw = Place(tmp_path / "whole"), Place(tmp_path / "killed"), random.Random(0)
    started = time.monotonic()
    process = whole.start()
    assert process.wait() == 0, process.communicate()[1].decode()
    # With the models there, as when it is killed, it takes about two thirds of that.
    longest_s = (time.monotonic() - started) * 2 / 3
    shutil.copytree(whole.cache, killed.cache, ignore=shutil.ignore_patterns(RUNS))
    expected = whole.runs(ARRAYS)
    assert len(expected) == N_MODELS
    kept: dict[str, bytes] = {}
    for _ in range(n_kills):
        number = draw.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        process = killed.start()
        try:
            process.wait(draw.uniform(0, longest_s))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_S)
        # Before the command line is imported nobody has anything to clean up.
        assert process.returncode in (0, 1, 128 + number, -number), errors.decode()
        if process.returncode == 128 + number:
            assert f"stopped by {number.name}; what is finished is kept" in errors.decode()
            assert not killed.processes(), "none is left when the command ends"
        deadline = time.monotonic() + PATIENCE_S
        while killed.processes() and time.monotonic() < deadline:
            os.sched_yield()
        assert not killed.processes()
        found = killed.runs(MANIFEST)
        assert kept.items() <= found.items(), "what was finished is neither lost nor made again"
        kept = found
    process = killed.start()
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    assert killed.runs(ARRAYS) == expected
    assert kept.items() <= killed.runs(MANIFEST).items()
    assert not list(killed.left())
    assert not list(whole.left())
