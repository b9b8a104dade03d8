from __future__ import annotations

import numpy as np
import pytest

from data_prep import DamagedData, MissingData, load_raw
from data_prep.elsewhere import ARRAY_FILES
from scorer.errors import UsageError


@pytest.fixture
def arrays():
    """A made-up set of 6 train and 4 test images, 5 high and 7 wide, NHWC."""
    generator = np.random.default_rng(3)
    return {
        "train_images": generator.integers(0, 256, (6, 5, 7, 3), dtype=np.uint8),
        "test_images": generator.integers(0, 256, (4, 5, 7, 3), dtype=np.uint8),
        "train_labels": np.array([0, 1, 2, 0, 1, 2], np.uint8),
        "test_labels": np.array([0, 1, 2, 0], np.int16),
    }


def test_any_folder_of_arrays_loads_under_its_name(arrays, tmp_path, write_arrays):
    write_arrays(tmp_path, "my_faces", **arrays)
    raw = load_raw("my_faces", tmp_path)
    assert raw.name == "my_faces"
    assert raw.images.shape == (10, 3, 5, 7)
    assert raw.n_classes == 3
    assert raw.labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert raw.is_official_test.tolist() == [False] * 6 + [True] * 4
    np.testing.assert_array_equal(raw.images[7, 1], arrays["test_images"][1, :, :, 1])
    train = raw.normalised(np.arange(6)).astype(float)
    np.testing.assert_allclose(train.mean(axis=(0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=(0, 2, 3)), 1, atol=1e-6)


def test_both_axis_orders_give_the_same_data(arrays, tmp_path, write_arrays):
    write_arrays(tmp_path / "a", "faces", **arrays)
    for part in ("train_images", "test_images"):
        arrays[part] = arrays[part].transpose(0, 3, 1, 2)
    write_arrays(tmp_path / "b", "faces", **arrays)
    hashes = {load_raw("faces", tmp_path / folder).content_sha256() for folder in "ab"}
    assert len(hashes) == 1


def test_three_axes_are_one_channel(arrays, tmp_path, write_arrays):
    for part in ("train_images", "test_images"):
        arrays[part] = arrays[part][..., 0]
    write_arrays(tmp_path, "grey", **arrays)
    assert load_raw("grey", tmp_path).images.shape == (10, 1, 5, 7)


@pytest.mark.parametrize("absent", ARRAY_FILES)
def test_each_absent_file_is_named(arrays, tmp_path, write_arrays, absent):
    folder = write_arrays(tmp_path, "faces", **arrays)
    (folder / absent).unlink()
    with pytest.raises(MissingData, match=f"not there: .*{absent}$"):
        load_raw("faces", tmp_path)


@pytest.mark.parametrize(
    ("key", "array", "message"),
    [
        ("train_images", np.zeros((6, 5, 7, 3), np.float32), "uint8"),
        ("train_images", np.zeros((6, 5), np.uint8), "3 or 4 axes"),
        ("train_images", np.zeros((0, 5, 7, 3), np.uint8), "at least one image"),
        ("train_images", np.zeros((6, 5, 7, 4), np.uint8), "channels"),
        ("train_images", np.zeros((6, 3, 7, 3), np.uint8), "both ways"),
        ("train_images", np.zeros((6, 5, 7, 3), np.uint8), "do not make a data set: `std`"),
        ("test_images", np.zeros((4, 7, 5, 3), np.uint8), r"must hold images of .*\(3, 5, 7\)"),
        ("train_labels", np.zeros(5, np.int64), "one integer an image"),
        ("test_labels", np.zeros(4), "one integer an image"),
        ("test_labels", np.array([0, -1, 0, 0]), "got -1"),
        ("test_labels", np.array([{}, 1, 2, 3], dtype=object), "npy file of numbers"),
    ],
)
def test_an_array_that_is_not_as_described_is_refused(
    arrays, tmp_path, write_arrays, key, array, message
):
    write_arrays(tmp_path, "faces", **(arrays | {key: array}))
    with pytest.raises(DamagedData, match=message):
        load_raw("faces", tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x93NUMPY\x01\x00v\x00{"])
def test_a_file_that_is_no_array_is_refused(arrays, tmp_path, write_arrays, content):
    folder = write_arrays(tmp_path, "faces", **arrays)
    (folder / "test_labels.npy").write_bytes(content)
    with pytest.raises(DamagedData, match=r"test_labels\.npy must be a \.npy file"):
        load_raw("faces", tmp_path)


def test_an_archive_of_arrays_is_refused(arrays, tmp_path, write_arrays):
    folder = write_arrays(tmp_path, "faces", **arrays)
    with (folder / "test_labels.npy").open("wb") as file:
        np.savez(file, labels=arrays["test_labels"])
    with pytest.raises(DamagedData, match="archive"):
        load_raw("faces", tmp_path)


def test_a_name_does_not_lead_out_of_the_data_directory(
    arrays, tmp_path, write_arrays, monkeypatch
):
    folder = write_arrays(tmp_path, "faces", **arrays)
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")  # ".." is a path of images too, of whatever lies there
    for name in ("../faces", str(folder), "..", ""):
        with pytest.raises(UsageError):
            load_raw(name, tmp_path / "data")
