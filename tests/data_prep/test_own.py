"""Somebody's own images: decoded once, and broken ones named or left out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data_prep import DamagedData, decoding
from scorer.errors import UsageError
from tests.data_prep._own import load, pixels, run, truncated, write_classes, write_image


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


def test_a_folder_of_no_images_at_all_says_why(folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        path.write_bytes(b"no image")
    with pytest.raises(DamagedData, match=r"none of its files is one: .*000\.png \(cannot"):
        load(folder)


def test_check_takes_a_folder_too(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "a/000.png", folder / "a/copy.png")
    result = run("check", folder, "--data-dir", tmp_path / "data", "--json")
    assert json.loads(result.stdout)["n_exact_copies"] == 1
    missing = run("check", tmp_path / "nowhere", "--data-dir", tmp_path)
    assert missing.exit_code == 2
    help_ = run("import", "--help").stdout.strip().splitlines()
    assert all(line.strip().startswith("python -m data_prep import ") for line in help_[-2:])
