"""Decoding in several processes: what happens when one of them ends."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep import decoding
from data_prep.decoding import decode_all, no_progress
from data_prep.pictures import BrokenImage, ZippedPicture, is_picture
from tests.data_prep._own import pixels

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


def test_a_zip_that_changed_under_its_directory_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(bytes(100))
    for offset in (0, 90):
        picture = ZippedPicture("a.png", str(path), offset, 10, False, 0)
        with pytest.raises(BrokenImage, match="does not have it where its directory says"):
            picture.read()


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a/b.JPG", True), ("a.b/c", False), (".jpg", False), ("a/.b.png", False), ("x.txt", False),
     ("__MACOSX/a.jpg", False), ("x.tar.gif", True)],
)  # fmt: skip
def test_images_are_known_by_their_names(name: str, is_one: bool) -> None:
    assert is_picture(name) == is_one
