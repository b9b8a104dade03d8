"""Data for the tests of data_prep: made up, or the offline copies beside the project."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_prep import RawData
from data_prep.celeba import prepare_archive
from data_prep.celeba_checks import Published
from data_prep.decoding import no_progress
from tests.data_prep import _celeba as made
from tests.data_prep._own import write_classes

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def _shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"offline copy {name} is not in ../shared/data")
    return path


@pytest.fixture(scope="session")
def shared_forget_file() -> Path:
    """The starting kit's forget set."""
    return _shared("cifar10_forget_idx.npy")


@pytest.fixture(scope="session")
def fashion_archives() -> Path:
    """The folder with the four archives of Fashion-MNIST."""
    return _shared("FashionMNIST/raw")


@pytest.fixture(scope="session")
def fashion_dir(fashion_archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with Fashion-MNIST unpacked as torchvision reads it."""
    data_dir = tmp_path_factory.mktemp("fashion")
    folder = data_dir / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for archive in fashion_archives.glob("*.gz"):
        with gzip.open(archive) as packed, (folder / archive.stem).open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    return data_dir


@pytest.fixture(scope="session")
def cifar_columns() -> dict[str, np.ndarray]:
    """The first 500 train and 500 test images of CIFAR-10 (rebuilt copy), NHWC, with labels."""
    folder = _shared("cifar10")
    image = pytest.importorskip("PIL.Image")
    arrays = {}
    for part in ("train", "test"):
        column = np.asarray(image.open(folder / f"{part}_000.webp").convert("RGB"))
        arrays[f"{part}_images"] = column.reshape(500, 32, 32, 3)
        arrays[f"{part}_labels"] = np.load(folder / f"{part}_labels.npy")[:500]
    return arrays


@pytest.fixture
def write_arrays() -> Callable[..., Path]:
    """A function that writes an image set in the layout of four .npy files."""

    def write(data_dir: Path, name: str, **arrays: np.ndarray) -> Path:
        folder = data_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        for key, array in arrays.items():
            np.save(folder / f"{key}.npy", array)
        return folder

    return write


@pytest.fixture
def make_raw() -> Callable[..., RawData]:
    """A function that makes a data set of random 2 x 4 x 3 images, all different."""

    def make(
        sizes: tuple[int, ...] = (40, 30, 30), n_official_test: int = 0, **changes: object
    ) -> RawData:
        n = sum(sizes)
        generator = np.random.default_rng(7)
        images = generator.integers(0, 256, (n, 2, 4, 3), dtype=np.uint8)
        labels = generator.permutation(np.repeat(np.arange(len(sizes)), sizes))
        fields: dict[str, object] = {
            "name": "made_up",
            "images": images,
            "labels": labels,
            "n_classes": len(sizes),
            "is_official_test": np.arange(n) >= n - n_official_test,
            "mean": (0.5, 0.4),
            "std": (0.25, 0.2),
            "value_range": 255.0,
            "source": "made up",
        }
        return RawData(**(fields | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def faces() -> made.Files:
    """The images, by the names that they have in the zip."""
    return {
        f"img_align_celeba/{made.name_of(index)}": made.face(index)
        for index in range(made.N_IMAGES)
    }


@pytest.fixture(scope="session")
def archive(faces: made.Files) -> bytes:
    return made.packed(faces)


@pytest.fixture(scope="session")
def official(archive: bytes) -> Published:
    return made.published(archive)


@pytest.fixture(scope="session")
def drive(archive: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of the drive."""
    tables = made.tables()
    return made.write(
        tmp_path_factory.mktemp("drive"),
        {
            "CelebA/Img/img_align_celeba.zip": archive,
            "CelebA/Anno/list_attr_celeba.txt": tables["list_attr_celeba.txt"],
            "CelebA/Anno/identity_CelebA.txt": tables["identity_CelebA.txt"],
            "CelebA/Anno/list_bbox_celeba.txt": b"not needed",
            "CelebA/Eval/list_eval_partition.txt": tables["list_eval_partition.txt"],
        },
    )


@pytest.fixture(scope="session")
def celeba_dir(drive: Path, official: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that CelebA was prepared in."""
    folder = tmp_path_factory.mktemp("data")
    assert prepare_archive([drive], folder, no_progress, official) == []
    return folder


@pytest.fixture
def files(archive: bytes) -> made.Files:
    """What was fetched, in one folder, to be spoilt."""
    return {"img_align_celeba.zip": archive, **made.tables()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Class folders `a` and `b` with 12 and 10 images of 8 x 8."""
    return write_classes(tmp_path / "photos", (12, 10))
