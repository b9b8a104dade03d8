"""Somebody's own images: what is read, what is refused, and that nothing is left half-written."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from data_prep import DamagedData, decoding, load_raw
from data_prep.__main__ import main
from data_prep.own import describe_folder
from scorer.errors import UsageError
from tests.data_prep._own import pixels, write_classes, write_image, write_own_arrays


def load(folder: Path, data_dir: Path | None = None):
    return load_raw(str(folder), data_dir or folder.parent / "data")


def run(*words: object):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "photos", (12, 10))


def test_class_folders_become_arrays(folder: Path) -> None:
    raw = load(folder)
    assert raw.images.shape == (22, 3, 8, 8)
    assert raw.labels.tolist() == [0] * 12 + [1] * 10
    for index in range(22):
        np.testing.assert_array_equal(raw.images[index], pixels(index).transpose(2, 0, 1))
    assert not raw.has_official_test
    np.testing.assert_allclose(raw.mean, (raw.images / 255).mean(axis=(0, 2, 3)))
    assert str(folder) not in raw.source


def test_grey_images_stay_grey(tmp_path: Path) -> None:
    raw = load(write_classes(tmp_path / "x", grey=True))
    assert raw.images.shape == (60, 1, 8, 8)
    np.testing.assert_array_equal(raw.images[5, 0], pixels(5, grey=True))


def test_a_test_folder_is_the_test_set(tmp_path: Path) -> None:
    write_classes(tmp_path / "x/train", (12, 10))
    write_classes(tmp_path / "x/test", (3, 0), start=50)
    raw = load(tmp_path / "x")
    assert raw.is_official_test.tolist() == [False] * 22 + [True] * 3
    np.testing.assert_array_equal(raw.images[22], pixels(50).transpose(2, 0, 1))


def test_folders_in_a_class_are_looked_through_and_hidden_files_are_not(folder: Path) -> None:
    write_image(folder / "b/more/deep.webp", 90)
    write_image(folder / "b/.hidden.png", 91)
    write_image(folder / ".git/x.png", 92)
    (folder / "b/._000.png").write_bytes(b"of the Finder")
    (folder / "b/notes.txt").write_text("not an image")
    facts = describe_folder(folder)
    assert (facts.n_examples, facts.classes) == (23, ["a", "b"])
    assert facts.said == ["1 files are no images by their names: not looked at"]
    assert len(load(folder).labels) == 23


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


def test_the_settings_of_the_folder_decide_size_and_colour(folder: Path) -> None:
    (folder / "task.toml").write_text("size = 12\ncolour = false\n")
    assert load(folder).images.shape == (22, 1, 12, 12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size = 3", "size in .* must be pixels from 4 to 512, got 3"),
        ("size = 32.5", "must be pixels"),
        ("size = true", "must be pixels"),
        ('colour = "no"', "colour in .* must be true or false, got 'no'"),
        ("size: 32", "task.toml must be TOML"),
    ],
)
def test_settings_that_do_not_fit_are_refused(text: str, message: str, folder: Path) -> None:
    (folder / "task.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        load(folder)


def test_what_is_decoded_is_used_again_until_a_file_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(folder).content_sha256()
    decoded: list[int] = []
    decode = decoding.decode
    monkeypatch.setattr(decoding, "decode", lambda *a: decoded.append(1) or decode(*a))
    assert load(folder).content_sha256() == first
    assert not decoded
    write_image(folder / "a/000.png", 77)
    os.utime(folder / "a/000.png", ns=(1, 1))
    changed = load(folder)
    assert len(decoded) == 22
    np.testing.assert_array_equal(changed.images[0], pixels(77).transpose(2, 0, 1))
    (folder / "b/021.png").rename(folder / "a/021.png")
    assert load(folder).labels.sum() == 9
    (folder / "a/021.png").unlink()
    assert len(load(folder).labels) == 21


def test_a_moved_folder_is_the_same_data(folder: Path, tmp_path: Path) -> None:
    first = load(folder)
    moved = load(folder.rename(tmp_path / "elsewhere"))
    assert moved.content_sha256() == first.content_sha256()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def sixteen_bits(path: Path) -> None:
    Image.fromarray(np.full((8, 8), 4000, np.uint16)).save(path)


SPOILT: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated": (truncated, "truncated|broken"),
    "empty": (lambda path: path.write_bytes(b""), "cannot identify image file"),
    "a page": (lambda path: path.write_bytes(b"<html>"), "cannot identify image file"),
    "16 bits": (sixteen_bits, "pixels of mode I;16; only 8 bits are read"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_broken_images_are_named_and_nothing_is_kept(how: str, folder: Path) -> None:
    spoil, reason = SPOILT[how]
    spoil(folder / "a/003.png")
    spoil(folder / "b/015.png")
    with pytest.raises(DamagedData, match=reason) as caught:
        load(folder)
    said = str(caught.value)
    assert "2 of 22 images cannot be decoded" in said
    assert str(folder / "a/003.png") in said and str(folder / "b/015.png") in said
    assert f"python -m data_prep import {folder} --skip-broken" in said
    assert "0x" not in said
    kept = folder.parent / "data/own"
    assert [path.suffix for path in kept.iterdir()] == [".lock"]


def test_broken_images_are_left_out_where_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    truncated(folder / "a/003.png")
    truncated(folder / "b/015.png")
    words = ("import", folder, "--data-dir", tmp_path / "data", "--json")
    refused = run(*words)
    assert refused.exit_code == 1
    assert refused.stdout == ""
    done = run(*words, "--skip-broken")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert facts["n_examples"] == 20
    assert facts["examples_per_class"] == [11, 9]
    assert "2 left out that cannot be decoded" in facts["source"]
    assert f"python -m scorer score METHOD --task {folder}" in done.stderr
    raw = load(folder, tmp_path / "data")
    kept = [index for index in range(22) if index not in (3, 15)]
    for row, index in enumerate(kept):
        np.testing.assert_array_equal(raw.images[row], pixels(index).transpose(2, 0, 1))


def test_a_class_without_any_image_to_decode_is_named(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "x", (5, 5, 1))
    (folder / "c/010.png").write_bytes(b"")
    result = run("import", folder, "--data-dir", tmp_path / "data", "--skip-broken")
    assert result.exit_code == 2
    assert "x/c must have an image that can be decoded" in "".join(result.stderr.split("\n"))


def only_one_class(folder: Path) -> None:
    shutil.rmtree(folder / "b")


def loose_images(folder: Path) -> None:
    for name in "ab":
        for path in (folder / name).iterdir():
            path.rename(folder / path.name)
        (folder / name).rmdir()


def empty_class(folder: Path) -> None:
    (folder / "c").mkdir()
    (folder / "c/readme.md").write_text("")


def validation_folder(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("copy"))
    for name in "ab":
        shutil.rmtree(folder / name)
    shutil.copytree(folder.with_name("copy"), folder / "train")
    shutil.copytree(folder.with_name("copy"), folder / "val")


def unknown_class_in_test(folder: Path) -> None:
    validation_folder(folder)
    (folder / "val").rename(folder / "test")
    (folder / "test/a").rename(folder / "test/z")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (only_one_class, r"two or more classes, got one, 'a'; move the images"),
        (loose_images, r"got none, and 22 image\(s\) that lie in no class"),
        (empty_class, r"photos/c must hold images of its class, got 1 file\(s\) and no image"),
        (validation_folder, r"the folders train and test .* got train, val"),
        (unknown_class_in_test, r"test must have no class that .*train has not, got 'z'"),
    ],
)
def test_layouts_that_cannot_be_read_are_refused(
    spoil: Callable[[Path], None], message: str, folder: Path
) -> None:
    spoil(folder)
    with pytest.raises(UsageError, match=message):
        load(folder)
    assert not (folder.parent / "data").exists()


def test_a_folder_of_no_images_at_all_says_why(folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        path.write_bytes(b"no image")
    with pytest.raises(DamagedData, match=r"none of its files is one: .*000\.png \(cannot"):
        load(folder)


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


def test_arrays_are_taken_as_they_are(tmp_path: Path) -> None:
    subjects = np.arange(40) // 4 * 7 - 3
    raw = load(write_own_arrays(tmp_path / "x", subjects=subjects))
    assert raw.images.shape == (40, 3, 8, 8)
    np.testing.assert_array_equal(raw.images[3], pixels(3).transpose(2, 0, 1))
    np.testing.assert_array_equal(raw.subjects, subjects)
    assert raw.value_range == 255
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("images", "shape", "value_range"),
    [
        (np.random.default_rng(0).random((40, 5, 6)), (40, 1, 5, 6), 1.0),
        (np.random.default_rng(0).random((40, 3, 5, 6)) * 255, (40, 3, 5, 6), 255.0),
        (np.random.default_rng(0).integers(0, 17, (40, 8, 8)), (40, 1, 8, 8), 255.0),
        (np.random.default_rng(0).random((40, 5, 6, 1)).astype(np.float16), (40, 1, 5, 6), 1.0),
    ],
)
def test_arrays_of_any_usual_kind_are_read(
    images: np.ndarray, shape: tuple[int, ...], value_range: float, tmp_path: Path
) -> None:
    raw = load(write_own_arrays(tmp_path / "x", images=images))
    assert (raw.images.shape, raw.value_range) == (shape, value_range)
    assert np.abs(raw.normalised(np.arange(40)).mean()) < 1e-5


def with_nan() -> np.ndarray:
    images = np.random.default_rng(0).random((40, 8, 8))
    images[[3, 17], 2, 2] = np.nan
    images[20, 0, 0] = np.inf
    return images


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": np.arange(39) % 2}, r"one integer an image, shape \(40,\), got .* \(39,\)"),
        ({"labels": np.arange(40) % 2 * 1.0}, "one integer an image"),
        ({"labels": np.arange(40) % 2 + 1}, "from 0 without gaps, got 1, 2; number them anew"),
        ({"labels": np.arange(40) % 2 - 1}, r"labels in \[0, inf\), got -1"),
        ({"labels": np.zeros(40, int)}, "two or more classes from 0 without gaps, got 0"),
        ({"labels": np.array(["a", "b"] * 20)}, "one integer an image"),
        ({"labels": None}, "must have labels.npy beside images.npy"),
        ({"images": with_nan()}, "NaN or infinity in 3 of 40 images: 3, 17, 20"),
        ({"images": np.random.default_rng(0).normal(size=(40, 8, 8))}, "pixels from 0 to 1 or"),
        ({"images": np.full((40, 8, 8), 300)}, "pixels from 0 to 1 or to 255, got 300"),
        ({"images": np.full((40, 8, 8), 3)}, "must vary in every channel"),
        ({"images": np.ones((40, 8, 8), bool)}, "must hold numbers, got bool"),
        ({"images": np.ones((40, 64))}, r"3 or 4 axes and at least .* shape \(40, 64\)"),
        ({"images": np.ones((40, 5, 8, 8))}, "1 or 3 channels either second or last"),
        ({"subjects": np.arange(4)}, r"one whole number an image, shape \(40,\)"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(
    arrays: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises((UsageError, DamagedData), match=message):
        load(write_own_arrays(tmp_path / "x", **arrays))


def test_pickled_arrays_are_never_opened(tmp_path: Path) -> None:
    folder = write_own_arrays(tmp_path / "x")
    content = io.BytesIO()
    np.save(content, np.array([{"a": 1}] * 40, dtype=object), allow_pickle=True)
    (folder / "images.npy").write_bytes(content.getvalue())
    with pytest.raises(DamagedData, match=r"must be a \.npy file of numbers"):
        load(folder)


def test_arrays_have_no_size_to_choose(tmp_path: Path) -> None:
    folder = write_own_arrays(tmp_path / "x")
    (folder / "task.toml").write_text("size = 16")
    with pytest.raises(UsageError, match=r"must not name size, since images\.npy stays as it is"):
        load(folder)


def test_a_folder_of_both_kinds_is_refused(folder: Path) -> None:
    write_own_arrays(folder)
    with pytest.raises(UsageError, match=r"images\.npy or class folders, got both, such as a"):
        load(folder)


def test_check_takes_a_folder_too(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "a/000.png", folder / "a/copy.png")
    result = run("check", folder, "--data-dir", tmp_path / "data", "--json")
    assert json.loads(result.stdout)["n_exact_copies"] == 1
    missing = run("check", tmp_path / "nowhere", "--data-dir", tmp_path)
    assert missing.exit_code == 2
    help_ = run("import", "--help").stdout.strip().splitlines()
    assert all(line.strip().startswith("python -m data_prep import ") for line in help_[-2:])
