"""The verb that grows pools: secrets, damage and disks, as a user sees them."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scorer.cli import main
from scorer.files import DAMAGED, TEMPORARY
from scorer.secret import PUBLIC_SECRET, secret_id
from scorer.store import ARRAYS, MANIFEST
from scorer.training import paths
from scorer.training.probe import ProbeResult


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command know the tiny task, and measure nothing."""
    monkeypatch.setattr(paths, "probe", lambda *_: ProbeResult("loop", 1, "for tests", ()))


def oracles(cache: Path, *arguments: str) -> Result:
    where = ("--task", "tiny", "--engine", "inline", "--workers", "1", "--device", "cpu",
             "--n-models", "2", "--cache-dir", str(cache))  # fmt: skip
    return CliRunner().invoke(main, ["oracles", *where, *arguments])


def test_a_pool_has_the_secret_that_was_named(tmp_path: Path) -> None:
    first = json.loads(oracles(tmp_path, "--secret", "public", "--json").stdout)
    assert Path(first["pool"]).name == secret_id(PUBLIC_SECRET)
    again = oracles(tmp_path, "--json")
    assert json.loads(again.stdout)["pool"] == first["pool"]
    assert json.loads(again.stdout)["trained"] == 0


def test_a_stream_has_a_pool_for_each_request(tmp_path: Path) -> None:
    whole = json.loads(oracles(tmp_path, "--json").stdout)
    streamed = json.loads(oracles(tmp_path, "--scenario", "streaming:2", "--json").stdout)
    assert (whole["trained"], streamed["trained"], streamed["missing"]) == (5, 4, 0)
    first, last = streamed["pools"]
    assert whole["pools"] == [whole["pool"]] == [last] == [streamed["pool"]]
    assert sorted(path.parent.name for path in Path(first).glob("*/00000")) == ["control", "oracle"]
    free = json.loads(oracles(tmp_path, "--scenario", "retain-free", "--json").stdout)
    assert (free["pools"], free["trained"]) == ([last], 0)


@pytest.mark.parametrize("secret", ["", "abc", "g" * 64, "0" * 63, "0" * 66])
def test_what_is_no_secret_is_a_usage_error(tmp_path: Path, secret: str) -> None:
    result = oracles(tmp_path / "cache", "--secret", secret)
    assert result.exit_code == 2
    assert "--secret must be 64 hexadecimal digits or the word public" in result.stderr
    assert not (tmp_path / "cache").exists()


def test_verify_reads_every_file_and_mends(tmp_path: Path) -> None:
    pool = Path(json.loads(oracles(tmp_path, "--json").stdout)["pool"])
    whole = {path: path.read_bytes() for path in pool.rglob("*") if path.is_file()}
    (pool / "oracle" / "00000" / MANIFEST).unlink()
    os.truncate(pool / "control" / "00001" / ARRAYS, 100)
    (pool / "original" / "00000").rename(pool / "elsewhere")
    (pool / "original" / "00000").symlink_to(pool / "elsewhere")
    result = oracles(tmp_path, "--verify", "--json")
    facts = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (len(facts["damaged"]), facts["trained"], facts["missing"]) == (3, 3, 0)
    assert {path: path.read_bytes() for path in whole} == whole
    assert json.loads(oracles(tmp_path, "--verify", "--json").stdout)["damaged"] == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_disk_that_takes_no_more_stops_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    oracles(tmp_path)
    (damaged,) = tmp_path.glob(f"v1/*/cpu-*/*/oracle/00001/{MANIFEST}")
    damaged.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        result = oracles(tmp_path)
    assert result.exit_code == 1 and result.exception.__class__ is SystemExit
    assert f"got: {os.strerror(number)}; " in result.stderr and "CACHE_DIR" in result.stderr
    assert not list(tmp_path.rglob(f"{TEMPORARY}*"))
    assert oracles(tmp_path).exit_code == 0
    assert damaged.is_file() and len(list(tmp_path.rglob(f"{DAMAGED}*"))) == 1


def test_what_a_killed_command_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    left = [tmp_path / "v1" / "tasks" / f"{TEMPORARY}a", tmp_path / "paths" / f"{TEMPORARY}b"]
    for path in left:
        path.mkdir(parents=True)
    assert oracles(tmp_path).exit_code == 0
    assert not [path for path in left if path.exists()]
