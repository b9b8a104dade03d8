"""Image files: known by name, decoded upright and square, in every mode of eight bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.own import describe_folder
from data_prep.pictures import BrokenImage, ZippedPicture, is_picture
from tests.data_prep._own import load, write_image


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a/b.JPG", True), ("a.b/c", False), (".jpg", False), ("a/.b.png", False), ("x.txt", False),
     ("__MACOSX/a.jpg", False), ("x.tar.gif", True)],
)  # fmt: skip
def test_images_are_known_by_their_names(name: str, is_one: bool) -> None:
    assert is_picture(name) == is_one


def test_images_of_other_sizes_are_resized_and_that_is_said(folder: Path) -> None:
    write_image(folder / "a/wide.png", 90, (20, 40))
    write_image(folder / "b/high.jpg", 91, (40, 20))
    (said,) = describe_folder(folder).said
    assert said.startswith("2 of 24 images looked at are not 8 x 8 but 40 x 20 or others (2 sizes)")
    raw = load(folder)
    with Image.open(folder / "a/wide.png") as image:
        square = image.crop((10, 0, 30, 20)).resize((8, 8), Image.Resampling.BILINEAR)
    # At the left and right edges pixels from beyond count too.
    np.testing.assert_array_equal(
        raw.images[12, :, :, 1:-1], np.asarray(square).transpose(2, 0, 1)[:, :, 1:-1]
    )


def test_large_photographs_are_decoded_upright(tmp_path: Path) -> None:
    corner = np.zeros((600, 600, 3), np.uint8)
    corner[:300, :300] = 255  # bright at the upper left, as the camera lay
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right to see it upright
    for label in "ab":
        (tmp_path / "x" / label).mkdir(parents=True)
        Image.fromarray(corner).save(tmp_path / f"x/{label}/1.jpg", exif=exif, quality=95)
    raw = load(tmp_path / "x")
    assert raw.images.shape == (2, 3, 64, 64)
    assert raw.images[0, :, 5, 58].min() > 240
    assert raw.images[0, :, 5, 5].max() < 15


@pytest.mark.parametrize(
    ("mode", "extension"), [("P", "gif"), ("RGBA", "png"), ("CMYK", "jpg"), ("1", "bmp")]
)
def test_every_mode_of_eight_bits_is_read(mode: str, extension: str, folder: Path) -> None:
    with Image.open(folder / "a/000.png") as image:
        image.convert(mode).save(folder / f"a/other.{extension}")
    raw = load(folder)
    assert raw.images.shape == (23, 3, 8, 8)
    assert raw.images[12].max() > 0


def test_a_zip_that_changed_under_its_directory_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(bytes(100))
    for offset in (0, 90):
        picture = ZippedPicture("a.png", str(path), offset, 10, False, 0)
        with pytest.raises(BrokenImage, match="does not have it where its directory says"):
            picture.read()
