"""A data set that is not where it was looked for: what lies there, and what to name instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from data_prep import DATASETS, MissingData, load_raw
from data_prep.__main__ import main
from tests._copies import copy_of

IMAGES = "FashionMNIST/raw/train-images-idx3-ubyte"
BATCHES = "cifar-10-batches-py/data_batch_1"

NEARBY = {
    "the folder of CIFAR-10 itself": ("cifar10", BATCHES, "cifar-10-batches-py", "."),
    "the folder of Fashion-MNIST itself": ("fashion_mnist", IMAGES, "FashionMNIST", "."),
    "the folder in that": ("fashion_mnist", IMAGES, "FashionMNIST/raw", "."),
    "the folder of the arrays": ("cifar10", "cifar10/train_images.npy", "cifar10", "."),
    "that of CelebA": ("celeba", "celeba_64x64/manifest.json", "celeba_64x64", "."),
    "one too high": ("cifar10", f"x/{BATCHES}", ".", "x"),
    "two too high": ("fashion_mnist", f"x/y/{IMAGES}", ".", "x/y"),
    "arrays one too high": ("fashion_mnist", "x/fashion_mnist/train_images.npy", ".", "x"),
}


@pytest.mark.parametrize("case", NEARBY)
def test_the_folder_to_name_is_said(tmp_path: Path, case: str) -> None:
    name, file, named, better = NEARBY[case]
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).touch()
    with pytest.raises(MissingData) as caught:
        load_raw(name, tmp_path / named)
    place = (tmp_path / better).resolve()
    assert f"is not in {tmp_path / named}, but in {place}: name" in str(caught.value)
    assert f"--data-dir {place}" in str(caught.value)
    assert "download" not in str(caught.value)


LAYOUTS = {
    "train/1.png": "images one by one",
    "fashion-mnist_train.csv": "tables of pixels",
    "plain/train-00000-of-00001.parquet": "Parquet files",
    "a/b/data.arff": "OpenML",
}


@pytest.mark.parametrize("file", LAYOUTS)
@pytest.mark.parametrize("name", ["cifar10", "fashion_mnist"])
def test_another_layout_is_called_by_its_name(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()
    with pytest.raises(MissingData) as caught:
        load_raw(name, tmp_path)
    text = str(caught.value)
    assert f"found there: {Path(file).parts[0]}" in text
    assert f"{file} and the like are" in text and LAYOUTS[file] in text
    assert f"four arrays in {tmp_path / name}" in text
    assert f"python -m data_prep download {name} --data-dir {tmp_path}" in text


def test_what_is_there_is_listed_and_never_all_of_it(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"file{number:02}").touch()
    with pytest.raises(MissingData, match=r"found there: file00, .*file05 and 14 more\.\nRun `"):
        load_raw("cifar10", tmp_path)
    with pytest.raises(MissingData, match="nowhere is not there"):
        load_raw("cifar10", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingData, match="empty is empty"):
        load_raw("celeba", tmp_path / "empty")


def test_a_file_beside_the_data_set_is_missing_alone(tmp_path: Path) -> None:
    """Arrays that stand in for the data set do not stand in for its forget set."""
    (tmp_path / "x" / "cifar10").mkdir(parents=True)
    (tmp_path / "x" / "cifar10" / "train_images.npy").touch()
    with pytest.raises(MissingData, match=r"forget_idx.npy does not exist; found there: x\."):
        DATASETS["cifar10"].starting_kit_forget_indices(tmp_path)


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.stderr


@pytest.mark.parametrize("name", ["cifar10", "fashion_mnist"])
def test_without_a_network_addresses_and_steps_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise OSError("<urlopen error [Errno -2] Name or service not known>")

    module = copy_of(DATASETS[name], _open=no_network)
    monkeypatch.setitem(DATASETS.members, name, module)
    code, said = run("download", name, "--data-dir", tmp_path)
    assert code == 1
    assert "Name or service not known" in said and "Without a network: fetch" in said
    for part in ("https://www.cs.toronto.edu", "forget_idx.npy") if name == "cifar10" else (
        "http://fashion-mnist.s3", "t10k-labels-idx1-ubyte.gz", "FashionMNIST/raw"
    ):  # fmt: skip
        assert part in said


def test_a_folder_that_cannot_be_written_is_another_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said = run("download", "cifar10", "--data-dir", tmp_path / "file" / "below")
    assert code == 1
    assert "name a folder that can be written by --data-dir or DATA_DIR" in said
    assert "Without a network" not in said


def test_hints_name_the_folder_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = copy_of(DATASETS["cifar10"], download=lambda folder: None)
    monkeypatch.setitem(DATASETS.members, "cifar10", module)
    place = tmp_path / "my data"
    _, said = run("download", "cifar10", "--data-dir", place)
    assert f"python -m data_prep check cifar10 --data-dir '{place}'" in said
    monkeypatch.setenv("DATA_DIR", str(place))
    _, said = run("download", "cifar10")
    assert said.rstrip().endswith("python -m data_prep check cifar10")


@pytest.mark.parametrize("words", [(), ("check",), ("download",), ("celeba",), ("import",)])
def test_help_has_its_short_name(words: tuple[str, ...]) -> None:
    short, long = (CliRunner().invoke(main, [*words, flag]) for flag in ("-h", "--help"))
    assert short.exit_code == 0 and short.stdout == long.stdout
