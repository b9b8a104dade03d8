"""Files: temporary ones belong to the living, damaged ones are moved, nothing is waited for."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import socket
import zipfile
from pathlib import Path

import pytest

from scorer import files
from scorer.files import (
    DAMAGED,
    STALE_S,
    TEMPORARY,
    Damaged,
    DiskError,
    is_abandoned,
    read_regular,
    replace_file,
    set_aside,
    sweep,
    temporary_folder,
    write_durably,
    zip_member,
)


def test_equal_contents_are_an_equal_zip(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as made:
            made.writestr(zip_member("folder/x"), b"x" * 100)
            made.writestr(zip_member("y", zipfile.ZIP_STORED), b"y" * 100)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        first, second = opened.infolist()
    assert first.compress_size < 100 == second.compress_size
    assert first.external_attr >> 16 == 0o644


def test_only_what_nobody_is_writing_is_swept(tmp_path: Path) -> None:
    left = tmp_path / "a" / f"{TEMPORARY}left"
    (left / "deep").mkdir(parents=True)
    (tmp_path / f"{TEMPORARY}file.json").touch()
    (tmp_path / f"{TEMPORARY}link").symlink_to("nowhere")
    kept = tmp_path / "00001" / f"{TEMPORARY}in-an-entry"
    kept.mkdir(parents=True)
    with temporary_folder(tmp_path / "a") as folder:
        assert not is_abandoned(folder)
        assert len(sweep(tmp_path)) == 3
        assert folder.is_dir() and not left.exists() and kept.is_dir()
    assert not folder.exists()
    assert sweep(tmp_path) == sweep(tmp_path / "nowhere") == []


def test_a_folder_that_was_renamed_stays(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        folder.rename(tmp_path / "final")
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_without_locks_age_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_lock", lambda descriptor: None)
    with temporary_folder(tmp_path) as folder:
        assert not is_abandoned(folder) and sweep(tmp_path) == []
        os.utime(folder, (0, STALE_S))
        assert is_abandoned(folder)


def _hold(parent: str, ready: object) -> None:
    """Hold a temporary folder for ever."""
    with temporary_folder(Path(parent)):
        ready.set()  # type: ignore[attr-defined]
        signal.pause()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_hold, args=(str(tmp_path), ready))
    process.start()
    assert ready.wait(60)
    assert sweep(tmp_path) == []
    process.kill()
    process.join()
    assert len(sweep(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == []


def _write(root: str, n_turns: int) -> None:
    """Make and rename temporary folders while another process sweeps."""
    for turn in range(n_turns):
        with temporary_folder(Path(root)) as folder:
            write_durably(folder / "file", b"x")
            folder.rename(Path(root, f"done-{turn}"))


def test_sweeping_beside_writers_harms_nobody(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writer = context.Process(target=_write, args=(str(tmp_path), 150))
    writer.start()
    while writer.is_alive():
        sweep(tmp_path)  # may take a folder that is not locked yet: its writer makes another
    writer.join()
    assert writer.exitcode == 0
    assert len(list(tmp_path.iterdir())) == 150
    assert all((path / "file").read_bytes() == b"x" for path in tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "link", "socket", "device", "large"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "real").write_bytes(b"x")
        path.symlink_to(tmp_path / "real")
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(str(path))
    elif kind == "device":
        path = Path("/dev/null")
    elif kind == "large":
        path.write_bytes(b"12345")
    with pytest.raises(Damaged, match=str(path)):
        read_regular(path, 4)
    (tmp_path / "good").write_bytes(b"1234")
    assert read_regular(tmp_path / "good", 4) == b"1234"


def test_what_is_set_aside_keeps_its_bytes_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "entry"
    path.write_text("evidence")
    aside = set_aside(path, "a reason")
    assert aside is not None and aside.name.startswith(f"{DAMAGED}entry-")
    assert aside.read_text() == "evidence"
    assert "a reason" in caplog.text and aside.name in caplog.text
    assert set_aside(path, "too late") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_may_not_be_moved_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "entry").touch()
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match="change who may read and write"):
        set_aside(tmp_path / "entry", "a reason")


def test_a_file_is_replaced_whole_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "folder" / ("x" * 250)
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError):
        replace_file(path, b"newest")
    assert [each.read_bytes() for each in path.parent.iterdir()] == [b"new"]
