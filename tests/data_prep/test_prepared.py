"""Prepared image sets: gone on with, verified, and never in place of what is somebody else's."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest

from data_prep import DamagedData, decoding, load_raw
from data_prep.celeba import FOLDER, prepare_archive
from data_prep.celeba_checks import Published
from data_prep.decoding import no_progress
from tests.data_prep import _celeba as made


def test_a_stopped_call_is_gone_on_with(
    drive: Path, celeba_dir: Path, official: Published, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stop(what: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_archive([drive], tmp_path, stop, official)
    assert not (tmp_path / FOLDER).exists()
    decoded: list[int] = []
    decode = decoding.decode
    monkeypatch.setattr(decoding, "decode", lambda *a: decoded.append(1) or decode(*a))
    seen: list[int] = []
    prepare_archive([drive], tmp_path, lambda what, done, total: seen.append(done), official)
    assert len(decoded) == made.N_IMAGES - decoding.BLOCK
    assert seen == [decoding.BLOCK, made.N_IMAGES]
    assert load_raw("celeba", tmp_path).content_sha256() == (
        load_raw("celeba", celeba_dir).content_sha256()
    )
    prepare_archive([drive], tmp_path, no_progress, official)
    assert len(decoded) == made.N_IMAGES - decoding.BLOCK


def test_several_processes_write_the_same_array(
    drive: Path, celeba_dir: Path, official: Published, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(decoding, "SERIAL_BLOCKS", 0)
    monkeypatch.setattr(decoding, "n_cores", lambda: 2)
    prepare_archive([drive], tmp_path, no_progress, official)
    images = FOLDER + "/images.npy"
    assert (tmp_path / images).read_bytes() == (celeba_dir / images).read_bytes()


def test_arrays_that_were_changed_are_noticed(celeba_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(celeba_dir / FOLDER, tmp_path / FOLDER)
    path = tmp_path / FOLDER / "images.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedData, match=r"must have SHA-256 .* run `python -m data_prep celeba"):
        load_raw("celeba", tmp_path)
    (tmp_path / FOLDER / "manifest.json").write_text("[]")
    with pytest.raises(DamagedData, match=r"manifest.json is damaged"):
        load_raw("celeba", tmp_path)


def test_a_folder_of_somebody_else_is_left_alone(
    drive: Path, official: Published, tmp_path: Path
) -> None:
    made.write(tmp_path, {f"{FOLDER}/mine.txt": b"mine"})
    with pytest.raises(OSError, match="holds something else"):
        prepare_archive([drive], tmp_path, no_progress, official)
    assert (tmp_path / FOLDER / "mine.txt").read_bytes() == b"mine"


def test_a_full_disk_is_told_beforehand(
    drive: Path, official: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = functools.partial(shutil._ntuple_diskusage, 1, 1)
    monkeypatch.setattr("data_prep.prepared.shutil.disk_usage", lambda path: usage(1000))
    with pytest.raises(OSError, match=r"images take 4 MiB .* make room"):
        prepare_archive([drive], tmp_path, no_progress, official)
