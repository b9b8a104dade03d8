"""Folders of images as somebody might have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from data_prep import RawData, load_raw
from data_prep.__main__ import main


def pixels(index: int, size: tuple[int, int] = (8, 8), grey: bool = False) -> np.ndarray:
    """Return a random image that differs from every other: `(height, width[, 3])` uint8."""
    shape = size if grey else (*size, 3)
    return np.random.default_rng(index).integers(0, 256, shape, dtype=np.uint8)


def write_image(path: Path, index: int, size: tuple[int, int] = (8, 8), grey: bool = False) -> None:
    """Write a random image, its format by the end of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(index, size, grey)).save(path)


def write_classes(
    folder: Path,
    counts: Sequence[int] = (30, 30),
    *,
    size: tuple[int, int] = (8, 8),
    grey: bool = False,
    start: int = 0,
) -> Path:
    """Write class folders `a`, `b` and so on with so many PNGs."""
    index = start
    for label, count in enumerate(counts):
        for _ in range(count):
            write_image(folder / "abcdefgh"[label] / f"{index:03d}.png", index, size, grey)
            index += 1
    return folder


def write_own_arrays(folder: Path, **arrays: object) -> Path:
    """Write 40 images of two classes as arrays; arguments replace or, if None, leave out some."""
    images = np.stack([pixels(index) for index in range(40)])
    files = {"images": images, "labels": np.arange(40) % 2, **arrays}
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in files.items():
        if array is not None:
            np.save(folder / f"{name}.npy", np.asarray(array))
    return folder


def truncated(path: Path) -> None:
    """Cut the end of a file off."""
    path.write_bytes(path.read_bytes()[:-40])


def load(folder: Path, data_dir: Path | None = None) -> RawData:
    """Load a folder of images; what is decoded is kept beside it."""
    return load_raw(str(folder), data_dir or folder.parent / "data")


def run(*words: object) -> Result:
    """Run `python -m data_prep`."""
    return CliRunner().invoke(main, [str(word) for word in words])
