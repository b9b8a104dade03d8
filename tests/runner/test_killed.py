"""A score that is killed at any time: nothing finished is lost, nothing wrong is kept, all goes."""

from __future__ import annotations

import contextlib
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
from click.testing import CliRunner

from scorer.cli import main
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
    """Folders of one cache, and commands that score there.

    A named secret makes the same runs whenever they are made anew.
    """

    def __init__(self, folder: Path) -> None:
        self.cache, self.temporary = folder / "cache", folder / "tmp"
        self.temporary.mkdir(parents=True)
        method = folder / "mine.py"
        method.write_text(SOURCE)
        self._arguments = [
            "score", str(method), "--task", "tiny", "--n-models", str(N_MODELS),
            "--device", "cpu", "--secret", "public", "--cache-dir", str(self.cache),
            "--results-dir", str(folder / "results"),
        ]  # fmt: skip

    def score(self) -> None:
        """Score in this process, to the end."""
        here = ("--engine", "inline", "--workers", "1")
        result = CliRunner().invoke(main, [*self._arguments, *here])
        assert result.exit_code == 0, result.stderr

    def start(self, n_workers: int) -> subprocess.Popen[bytes]:
        """Start to score in a process, and in others that it starts."""
        command = ["-m", "tests.runner._command", *self._arguments, "--workers", str(n_workers)]
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=PROJECT_ROOT,
            env={**os.environ, "TMPDIR": str(self.temporary)},
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


def wait_for_an_outcome(place: Place, process: subprocess.Popen[bytes]) -> float:
    """Wait until a run is kept, with others still to make; return how long that took."""
    started = time.monotonic()
    while not place.runs(MANIFEST):
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
    return time.monotonic() - started


@needs_linux
@pytest.mark.usefixtures("tiny_is_known", "inline_is_known")
@pytest.mark.parametrize(
    ("n_kills", "n_workers"), [(1, 1), pytest.param(200, 2, marks=pytest.mark.slow)]
)
def test_a_score_that_is_killed_again_and_again_comes_to_the_same(
    tmp_path: Path, n_kills: int, n_workers: int
) -> None:
    whole, killed = Place(tmp_path / "whole"), Place(tmp_path / "killed")
    whole.score()
    shutil.copytree(whole.cache, killed.cache, ignore=shutil.ignore_patterns(RUNS))
    expected = whole.runs(ARRAYS)
    assert len(expected) == N_MODELS
    kept: dict[str, bytes] = {}
    draw, number, longest_s = random.Random(0), signal.SIGTERM, 0.0
    for _ in range(n_kills):
        process = killed.start(n_workers)
        if not longest_s:
            longest_s = 1.5 * wait_for_an_outcome(killed, process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0, longest_s) if kept else 0)
        process.send_signal(number)  # to nobody, where it has ended
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
        number = draw.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    assert kept
    killed.score()
    assert killed.runs(ARRAYS) == expected
    assert kept.items() <= killed.runs(MANIFEST).items()
    assert not list(killed.left())
