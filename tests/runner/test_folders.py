"""Folders of runs: a secret of their own, drawn or named, and outcomes that are never mixed."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from scorer.errors import UsageError
from scorer.files import DAMAGED, TEMPORARY, Damaged
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.runner.adapt import code_of
from scorer.runner.adapt.code import MAIN
from scorer.runner.folders import SECRET, SOURCE, RunsFolder, named_secret, open_runs
from scorer.runner.load import Submission
from scorer.runner.units import METERS
from scorer.secret import PUBLIC, PUBLIC_SECRET
from scorer.tasks.task import Task
from scorer.training.paths import TrainingPath

OTHER = "0" * 63 + "1"


@pytest.fixture
def pool(tiny_task: Task, loop_path: TrainingPath, tmp_path: Path) -> Pool:
    """Return a pool without models."""
    return Pool(tiny_task, loop_path, "cpu", tmp_path / "cache", PUBLIC_SECRET)


@pytest.fixture
def mine(tmp_path: Path) -> Submission:
    return named(tmp_path, "mine")


def named(folder: Path, name: str, source: str = "x = 1\n") -> Submission:
    path = folder / f"{name}.py"
    path.write_text(source)
    return Submission.read(path)


def outcome(place: Path, submission: Submission, pool: Pool, **options: Any) -> Path:
    """Commit the outcome of run 0; return the folder of runs."""
    folder = open_runs(place, submission, pool, Options(**options))
    folder.store("run").write(
        0, {}, {"meters": METERS, "fault": {"fault": "raised", "message": ""}}
    )
    return folder.root


def test_a_secret_is_drawn_once_for_every_folder(
    tmp_path: Path, mine: Submission, pool: Pool
) -> None:
    place = tmp_path / "runs"
    others = [named(tmp_path, "other"), named(tmp_path, "mine", "x = 2\n")]
    found = [open_runs(place, each, pool, Options()) for each in (mine, *others)]
    found.append(open_runs(place, mine, pool, Options(design="reuse-n")))
    assert len({folder.secret for folder in found}) == len({folder.root for folder in found}) == 4
    assert open_runs(place, mine, pool, Options()) == found[0]
    assert open_runs(place, mine, pool, Options(n_models=8)) == found[0], "N may grow"
    for folder in found:
        assert stat.S_IMODE((folder.root / SECRET).stat().st_mode) == 0o600
        assert folder.secret not in str(folder.root)


def test_what_secret_the_options_come_to() -> None:
    assert named_secret(Options()) is None
    assert named_secret(Options(runs_secret=OTHER)) == OTHER
    assert named_secret(Options(runs_secret=PUBLIC)) == PUBLIC_SECRET
    assert named_secret(Options(secret=PUBLIC, runs_secret=OTHER)) == OTHER
    by_pool = named_secret(Options(secret=OTHER))
    assert by_pool == named_secret(Options(secret=OTHER)) != named_secret(Options(secret=PUBLIC))
    assert by_pool not in (None, OTHER)
    with pytest.raises(UsageError, match="--runs-secret must be 64 hexadecimal digits"):
        Options(runs_secret="abc")


def test_a_named_secret_has_a_folder_of_its_own(
    tmp_path: Path, mine: Submission, pool: Pool
) -> None:
    drawn = outcome(tmp_path, mine, pool)
    one = open_runs(tmp_path, mine, pool, Options(runs_secret=OTHER))
    by_pool = open_runs(tmp_path, mine, pool, Options(secret=OTHER))
    assert len({drawn, one.root, by_pool.root}) == 3
    assert one.secret == OTHER and OTHER not in str(one.root)
    assert open_runs(tmp_path, mine, pool, Options(runs_secret=OTHER)) == one
    assert open_runs(tmp_path, mine, pool, Options()).store("run").has(0)
    assert not one.store("run").has(0)


def test_anew_deletes_outcomes_and_secret_and_says_so(
    tmp_path: Path, mine: Submission, pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    root = outcome(tmp_path, mine, pool)
    kept = outcome(tmp_path, named(tmp_path, "other"), pool)
    before = open_runs(tmp_path, mine, pool, Options())
    after = open_runs(tmp_path, mine, pool, Options(), anew=True)
    assert after.root == root and after.secret != before.secret
    assert not after.store("run").has(0)
    assert (kept / "run" / "00000").is_dir()
    assert "the outcomes of 1 runs of mine are deleted" in caplog.text
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        open_runs(tmp_path, named(tmp_path, "never"), pool, Options(), anew=True)
    assert caplog.text == "", "there was nothing to delete"
    for _ in range(2):
        again = open_runs(tmp_path, mine, pool, Options(runs_secret=OTHER), anew=True)
        assert again.secret == OTHER, "a secret that was named stays"


@pytest.mark.parametrize("damage", ["", "x", "gone", "other"])
@pytest.mark.parametrize("how", [{}, {"runs_secret": OTHER}])
def test_outcomes_without_their_secret_count_no_more(
    tmp_path: Path, mine: Submission, pool: Pool, damage: str, how: dict[str, str]
) -> None:
    root = outcome(tmp_path, mine, pool, **how)
    before = open_runs(tmp_path, mine, pool, Options(**how)).secret
    if damage == "other":
        foreign = open_runs(tmp_path / "foreign", mine, pool, Options()).root / SECRET
        (root / SECRET).write_bytes(foreign.read_bytes())
        if not how:
            return  # a whole secret that nobody named cannot be told from the one drawn here
    elif damage == "gone":
        (root / SECRET).unlink()
    else:
        (root / SECRET).write_text(damage)
    after = open_runs(tmp_path, mine, pool, Options(**how))
    assert (after.secret == before) == bool(how)
    assert not after.store("run").has(0)
    assert len(list(root.glob(f"{DAMAGED}run-*"))) == 1


def _open(place: Path, pool: Pool, queue: Any) -> None:
    """Open one folder from a process of its own."""
    mine = Submission("mine", Path("mine.py"), code_of({MAIN: b""}), "a" * 64)
    queue.put(open_runs(place, mine, pool, Options()).secret)


def test_processes_agree_on_one_secret(tmp_path: Path, pool: Pool) -> None:
    spawn = multiprocessing.get_context("fork")
    queue = spawn.Queue()
    processes = [spawn.Process(target=_open, args=(tmp_path, pool, queue)) for _ in range(8)]
    for process in processes:
        process.start()
    assert len({queue.get(timeout=60) for _ in processes}) == 1
    for process in processes:
        process.join()


@pytest.mark.parametrize("moved", ["run", "audit"])
def test_an_outcome_is_held_against_its_place(
    tmp_path: Path, mine: Submission, pool: Pool, moved: str
) -> None:
    root = outcome(tmp_path, mine, pool, runs_secret=OTHER)
    other = named(tmp_path, "other")
    elsewhere = open_runs(tmp_path, other, pool, Options(runs_secret=OTHER))
    target = (
        elsewhere.store("run")
        if moved == "run"
        else open_runs(tmp_path, mine, pool, Options(runs_secret=OTHER)).store("audit")
    )
    shutil.copytree(root / "run" / "00000", target.folder(0))
    assert not target.has(0)


def test_the_file_that_is_run_is_the_one_that_was_read(
    tmp_path: Path, mine: Submission, pool: Pool
) -> None:
    folder = open_runs(tmp_path, mine, pool, Options())
    folder.keep_source(b"x = 1\n")
    folder.keep_source(b"x = 2\n")
    sha256 = hashlib.sha256(b"x = 2\n").hexdigest()
    assert RunsFolder.read(folder.root, folder.models, "").source(sha256) == b"x = 2\n"
    (folder.root / SOURCE).write_bytes(b"x = 3\n")
    with pytest.raises(Damaged, match="was changed while it was run"):
        folder.source(sha256)
    (folder.root / SOURCE).unlink()
    os.mkfifo(folder.root / SOURCE)
    with pytest.raises(Damaged, match="not a regular file"):
        folder.source(sha256)
