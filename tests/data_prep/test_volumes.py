"""7z archives in parts: read as one, unpacked once, and what is missing told."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from data_prep import DamagedData, load_raw, volumes
from data_prep.celeba import prepare_archive
from data_prep.celeba_checks import Published
from data_prep.decoding import no_progress
from tests.data_prep import _celeba as made


def test_nothing_to_unpack_with_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ImportError, match=r"py7zr .* or the program 7z"):
        volumes.unpacker()


def test_files_are_read_as_if_they_were_one(tmp_path: Path) -> None:
    content = bytes(range(200))
    parts = [tmp_path / f"x.7z.{number:03d}" for number in (1, 2, 3)]
    for part, piece in zip(parts, (content[:70], content[70:71], content[71:]), strict=True):
        part.write_bytes(piece)
    with io.BufferedReader(volumes.Joined(parts)) as file:
        assert file.read() == content
        assert file.seek(-150, io.SEEK_END) == 50
        assert file.read(40) == content[50:90]
        assert file.read(500) == content[90:]
        assert file.read() == b""


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Two parts, of which no program looks at the bytes here."""
    found = [tmp_path / f"x.7z.{number:03d}" for number in (1, 2)]
    for part in found:
        part.write_bytes(b"part")
    return found


def a_program(path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a shell script be the program that unpacks: `x -y -oFOLDER PART`."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(volumes, "unpacker", lambda: str(path))


def test_a_program_unpacks_once_until_a_part_changes(
    parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = tmp_path / "calls"
    a_program(tmp_path / "7z", monkeypatch, f'echo "$4" >> {count}; echo face > "${{3#-o}}/1.png"')
    folder = volumes.unpack_once([parts], tmp_path / "data/unpacked")
    assert (folder / "0/1.png").read_text() == "face\n"
    volumes.unpack_once([parts], folder)
    assert count.read_text().splitlines() == [str(parts[0])]
    parts[1].write_bytes(b"another part")
    volumes.unpack_once([parts], folder)
    assert count.read_text().splitlines() == [str(parts[0])] * 2


def test_what_a_program_says_of_its_failure_is_told_and_it_is_called_again(
    parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path / "7z", monkeypatch, "echo Data Error >&2; exit 2")
    for _ in range(2):
        with pytest.raises(DamagedData, match=r"could not unpack .*x\.7z\.001: Data Error"):
            volumes.unpack_once([parts], tmp_path / "unpacked")


def test_too_little_room_is_told_before_anything_is_unpacked(
    parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path / "7z", monkeypatch, f"touch {tmp_path}/called")
    free = shutil.disk_usage(tmp_path)._replace(free=7)
    monkeypatch.setattr("shutil.disk_usage", lambda path: free)
    with pytest.raises(OSError, match=r"unpacking takes some .* make room"):
        volumes.unpack_once([parts], tmp_path / "unpacked")
    assert not (tmp_path / "called").exists()


def test_parts_of_a_7z_are_unpacked_and_decoded(official: Published, tmp_path: Path) -> None:
    py7zr = pytest.importorskip("py7zr")
    loose = {f"img_align_celeba_png/{made.name_of(i, 'png')}": made.face(i, kind="PNG")
             for i in range(made.N_IMAGES)}  # fmt: skip
    made.write(tmp_path / "loose", loose)
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.writeall(tmp_path / "loose/img_align_celeba_png", "img_align_celeba_png")
    content = (tmp_path / "a.7z").read_bytes()
    third = len(content) // 3
    pieces = (content[:third], content[third : 2 * third], content[2 * third :])
    names = [f"img_align_celeba_png.7z.{number:03d}" for number in (1, 2, 3)]
    fetched = made.write(
        tmp_path / "fetched", dict(zip(names, pieces, strict=True)) | made.tables()
    )
    last = (fetched / names[2]).read_bytes()
    (fetched / names[2]).write_bytes(last[:-10])
    with pytest.raises(DamagedData, match="a part is missing, or a partial download"):
        prepare_archive([fetched], tmp_path / "data", no_progress, official)
    (fetched / names[2]).write_bytes(last)
    notes = prepare_archive([fetched], tmp_path / "data", no_progress, official)
    assert notes == ["the images come without a published checksum"]
    assert load_raw("celeba", tmp_path / "data").images.shape == (made.N_IMAGES, 3, 64, 64)
    assert not (tmp_path / "data/.celeba_unpacked").exists()
