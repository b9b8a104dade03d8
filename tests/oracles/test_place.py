"""Pools and their secrets: which one is meant, and that it survives damage and races."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import stat
from pathlib import Path

import pytest

from scorer.files import DAMAGED, TEMPORARY, Damaged
from scorer.oracles.place import FILES, choose_secret, read_pool_secret
from scorer.secret import PUBLIC_SECRET, draw_secret, secret_id


def test_a_secret_is_drawn_once_and_then_meant(tmp_path: Path) -> None:
    parent = tmp_path / "task" / "engine"
    secret = choose_secret(parent, None)
    assert choose_secret(parent, None) == secret != choose_secret(tmp_path / "other", None)
    pool = parent / secret_id(secret)
    assert read_pool_secret(pool) == secret
    assert {stat.S_IMODE((pool / name).stat().st_mode) for name in FILES} == {0o600}
    assert secret not in str(pool)


def test_of_several_the_oldest_is_taken_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = [draw_secret() for _ in range(3)]
    for age, secret in enumerate(secrets):
        assert choose_secret(tmp_path, secret) == secret
        for name in FILES:
            os.utime(tmp_path / secret_id(secret) / name, (age, age))
    assert choose_secret(tmp_path, None) == secrets[0]
    assert f"the oldest, {secret_id(secrets[0])}, is taken" in caplog.text
    assert choose_secret(tmp_path, secrets[2]) == secrets[2]


def test_the_public_secret_is_said_where_nobody_named_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        choose_secret(tmp_path, PUBLIC_SECRET)
        assert not caplog.text
        assert choose_secret(tmp_path, None) == PUBLIC_SECRET
    assert "everybody can train its oracles" in caplog.text


@pytest.mark.parametrize("damage", ["flipped", "gone", "empty", "another", "link"])
@pytest.mark.parametrize("name", FILES)
def test_one_copy_mends_the_other(tmp_path: Path, name: str, damage: str) -> None:
    secret, other = choose_secret(tmp_path, None), draw_secret()
    pool = tmp_path / secret_id(secret)
    path = pool / name
    content = path.read_bytes()
    path.unlink()
    if damage == "flipped":
        path.write_bytes(content[:20] + bytes([content[20] ^ 4]) + content[21:])
    elif damage == "empty":
        path.touch()
    elif damage == "another":
        choose_secret(tmp_path / "elsewhere", other)
        shutil.copy(tmp_path / "elsewhere" / secret_id(other) / name, path)
    elif damage == "link":
        path.symlink_to(pool / next(each for each in FILES if each != name))
    assert choose_secret(tmp_path, None) == secret
    choose_secret(tmp_path, secret)
    assert path.read_bytes() == content and not path.is_symlink()
    assert len(list(pool.glob(f"{DAMAGED}*"))) == (damage != "gone")


def test_a_pool_whose_secret_is_lost_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = choose_secret(tmp_path, None)
    pool = tmp_path / secret_id(secret)
    for name in FILES:
        (pool / name).write_text("lost")
    with pytest.raises(Damaged):
        read_pool_secret(pool)
    assert choose_secret(tmp_path, None) != secret
    assert "to be made again" in caplog.text
    assert len(list(tmp_path.glob(f"{DAMAGED}{pool.name}*"))) == 1


def test_whoever_knows_the_secret_mends_its_pool(tmp_path: Path) -> None:
    secret = choose_secret(tmp_path, None)
    pool = tmp_path / secret_id(secret)
    shutil.rmtree(pool)
    pool.mkdir()
    (pool / FILES[0]).write_text("lost")
    assert choose_secret(tmp_path, secret) == secret == read_pool_secret(pool)


def _choose(parent: str, named: str | None, go: object, chosen: multiprocessing.Queue[str]) -> None:
    """Choose a pool at the same time as others."""
    go.wait()  # type: ignore[attr-defined]
    chosen.put(choose_secret(Path(parent), named))


@pytest.mark.parametrize("named", [None, PUBLIC_SECRET])
def test_processes_that_begin_at_once_share_one_pool(tmp_path: Path, named: str | None) -> None:
    context = multiprocessing.get_context("fork")
    for turn in range(8):
        go, chosen = context.Barrier(2), context.Queue()
        parent = tmp_path / str(turn)
        processes = [
            context.Process(target=_choose, args=(str(parent), named, go, chosen)) for _ in range(2)
        ]
        for process in processes:
            process.start()
        found = {chosen.get(timeout=60) for _ in processes}
        for process in processes:
            process.join()
        assert len(found) == 1
        assert [path.name for path in parent.glob("[!.]*")] == [secret_id(found.pop())]
        assert not list(parent.rglob(f"{TEMPORARY}*"))
