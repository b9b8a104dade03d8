"""Somebody's images as NumPy files: what is read, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_prep import DamagedData
from scorer.errors import UsageError
from tests.data_prep._own import load, pixels, write_own_arrays


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
