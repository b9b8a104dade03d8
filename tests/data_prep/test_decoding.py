"""Decoding in blocks and processes: what a stop or the end of a process costs."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep import DamagedData, decoding, load_raw
from data_prep.decoding import decode_all, no_progress
from tests.data_prep._own import load, pixels, run, truncated, write_classes

SHAPE = (3, 8, 8)


@dataclass(frozen=True)
class Drawn:
    """An image that is drawn where it is read; one of them ends its process, if a file is there."""

    index: int
    deadly: str = ""

    @property
    def name(self) -> str:
        return f"{self.index}.png"

    def identity(self) -> list[str | int]:
        return [self.index]

    def read(self) -> bytes:
        if self.deadly and Path(self.deadly).exists():
            os._exit(1)
        content = io.BytesIO()
        Image.fromarray(pixels(self.index)).save(content, "PNG")
        return content.getvalue()


def test_a_process_that_is_ended_costs_no_finished_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "SERIAL_BLOCKS", 0)
    monkeypatch.setattr(decoding, "BLOCK", 10)
    monkeypatch.setattr(decoding, "n_cores", lambda: 2)
    bomb = tmp_path / "bomb"
    bomb.touch()
    pictures = [Drawn(index, str(bomb) if index == 75 else "") for index in range(80)]
    with pytest.raises(OSError, match=r"ended before its work.* call again to go on"):
        decode_all(pictures, SHAPE, tmp_path, no_progress)
    bomb.unlink()
    monkeypatch.setattr(decoding, "SERIAL_BLOCKS", 100)
    seen: list[int] = []
    assert decode_all(pictures, SHAPE, tmp_path, lambda _, done, __: seen.append(done)) == {}
    assert 0 < seen[0] < 80 and seen[-1] == 80
    images = np.load(tmp_path / "images.npy")
    for index in range(80):
        np.testing.assert_array_equal(images[index], pixels(index).transpose(2, 0, 1))


def test_several_blocks_and_a_stop_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "BLOCK", 7)
    monkeypatch.setattr(decoding, "SERIAL_BLOCKS", 100)
    folder = write_classes(tmp_path / "x", (20, 20))
    truncated(folder / "a/002.png")

    def stop(what: str, done: int, total: int) -> None:
        if done == 14:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_raw(str(folder), tmp_path / "data", stop)
    (part,) = (tmp_path / "data/own").glob(".x-*.part")
    journal = part / "journal.jsonl"
    journal.write_text(journal.read_text() + '[2, {"1')  # as a loss of power would leave it
    with pytest.raises(DamagedData, match=r"1 of 40 images cannot be decoded: .*a/002\.png"):
        load(folder)
    truncated_again = run("import", folder, "--data-dir", tmp_path / "data", "--skip-broken")
    assert truncated_again.exit_code == 0
    assert len(load(folder).labels) == 39
