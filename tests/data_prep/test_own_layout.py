"""Class folders: which are read, and which are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_prep.own import describe_folder
from scorer.errors import UsageError
from tests.data_prep._own import load, pixels, write_classes, write_image, write_own_arrays


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


def test_a_folder_of_both_kinds_is_refused(folder: Path) -> None:
    write_own_arrays(folder)
    with pytest.raises(UsageError, match=r"images\.npy or class folders, got both, such as a"):
        load(folder)
