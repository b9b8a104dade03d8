"""Secrets: one wins, nobody else reads them, damage is noticed."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from scorer import secret
from scorer.errors import ScorerError, UsageError
from scorer.files import TEMPORARY, Damaged
from scorer.secret import (
    PUBLIC_SECRET,
    create_secret,
    derived_key,
    draw_secret,
    parse_secret,
    read_secret,
    secret_id,
)


def test_a_secret_is_drawn_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    drawn = create_secret(path, draw_secret())
    assert parse_secret(drawn) == drawn == create_secret(path, draw_secret()) == read_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert draw_secret() != draw_secret()
    assert [each.name for each in path.parent.iterdir()] == ["secret"]


def test_what_follows_from_a_secret_tells_nothing_of_another_purpose() -> None:
    one, other = PUBLIC_SECRET, "0" * 64
    texts = {secret_id(one), secret_id(other), derived_key(one, "a").hex(),
             derived_key(one, "b").hex(), derived_key(other, "a").hex()}  # fmt: skip
    assert len(texts) == 5
    assert one[:16] not in texts


@pytest.mark.parametrize("text", ["", "abc", "0" * 63, "0" * 65, "g" * 64, "٣" * 64])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--secret must be 64 hexadecimal digits"):
        parse_secret(text)


def test_the_public_secret_has_a_name() -> None:
    assert parse_secret("public") == PUBLIC_SECRET
    assert parse_secret("A" * 64) == "a" * 64


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_secret(path, PUBLIC_SECRET)
    content = path.read_bytes()
    for position in range(8 * len(content)):
        changed = bytearray(content)
        changed[position // 8] ^= 1 << position % 8
        path.write_bytes(changed)
        with pytest.raises(Damaged):
            read_secret(path)


@pytest.mark.parametrize("kind", ["empty", "folder", "link", "fifo"])
def test_what_is_no_secret_on_disk_is_damaged_and_stays(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "secret"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        create_secret(tmp_path / "real", PUBLIC_SECRET)
        path.symlink_to(tmp_path / "real")
    before = path.lstat()
    for act in (read_secret, lambda path: create_secret(path, PUBLIC_SECRET)):
        with pytest.raises(Damaged, match="secret"):
            act(path)
    assert os.path.samestat(path.lstat(), before)


def test_one_of_a_newer_kit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    with monkeypatch.context() as patch:
        patch.setattr(secret, "EDITION", 2)
        create_secret(path, PUBLIC_SECRET)
    with pytest.raises(ScorerError, match="must be of edition 1, got 2"):
        read_secret(path)


def test_a_file_system_without_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    drawn = create_secret(tmp_path / "secret", draw_secret())
    assert create_secret(tmp_path / "secret", PUBLIC_SECRET) == drawn
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def _draw(path: str, go: object, drawn: multiprocessing.Queue[str]) -> None:
    """Create a secret at the same time as others."""
    go.wait()  # type: ignore[attr-defined]
    drawn.put(create_secret(Path(path), draw_secret()))


def test_of_several_processes_exactly_one_wins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for turn in range(10):
        go, drawn = context.Barrier(3), context.Queue()
        path = str(tmp_path / str(turn) / "secret")
        processes = [context.Process(target=_draw, args=(path, go, drawn)) for _ in range(3)]
        for process in processes:
            process.start()
        found = {drawn.get(timeout=60) for _ in processes}
        for process in processes:
            process.join()
        assert found == {read_secret(Path(path))}
        assert not list(tmp_path.glob(f"*/{TEMPORARY}*"))
