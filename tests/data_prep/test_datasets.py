"""The data sets themselves, found by name."""

from __future__ import annotations

import hashlib
import pickle
import shutil

import numpy as np
import pytest

import data_prep
from data_prep import DATASETS, DamagedData, MissingData, cifar10, load_raw
from data_prep.leakage import first_copies
from data_prep.registry import dataset
from scorer.errors import UsageError
from scorer.registry import Registry
from tests._copies import copy_of


def test_names():
    assert {"cifar10", "digits", "fashion_mnist"} <= set(DATASETS)
    assert not {"arrays", "raw", "registry", "splits"} & set(DATASETS)


def test_a_file_more_is_a_data_set_more(tmp_path, monkeypatch):
    (tmp_path / "half_digits.py").write_text(
        "from dataclasses import replace\n"
        "from data_prep import digits\n"
        "def load(data_dir):\n"
        "    return replace(digits.load(data_dir), name='half_digits')\n"
    )
    monkeypatch.setattr(data_prep, "__path__", [*data_prep.__path__, str(tmp_path)])
    found = Registry("data set", "data_prep", dataset)
    assert set(found) == {*DATASETS, "half_digits"}
    assert found["half-digits"].load(tmp_path).name == "half_digits"


def test_unknown_name_gets_near_matches_and_the_list(tmp_path):
    with pytest.raises(
        UsageError, match=r"Did you mean digits\? Known: celeba, cifar10, d.* as arrays"
    ):
        load_raw("digit", tmp_path)


def test_digits_are_the_embedded_ones():
    raw = load_raw("digits", "anywhere")
    assert raw.images.shape == (1797, 1, 8, 8)
    assert np.bincount(raw.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert not raw.has_official_test
    assert raw.images.max() == raw.value_range == 16
    everything = raw.normalised(np.arange(1797))
    assert abs(everything.mean()) < 1e-3
    assert abs(everything.std() - 1) < 1e-3
    assert (first_copies(raw.images) == np.arange(1797)).all()


@pytest.mark.parametrize("change", [1.0, 0.5])
def test_other_embedded_digits_are_refused(monkeypatch, change):
    datasets = pytest.importorskip("sklearn.datasets")
    bunch = datasets.load_digits()
    bunch.images[3, 4, 4] += change  # 0.5 would vanish in a cast to integers
    monkeypatch.setattr(datasets, "load_digits", lambda: bunch)
    with pytest.raises(DamagedData, match="SHA-256"):
        load_raw("digits", "anywhere")


def test_fashion_mnist_is_complete(fashion_dir):
    raw = load_raw("fashion_mnist", fashion_dir)
    assert raw.images.shape == (70_000, 1, 28, 28)
    assert np.bincount(raw.labels[~raw.is_official_test]).tolist() == [6_000] * 10
    assert np.bincount(raw.labels[raw.is_official_test]).tolist() == [1_000] * 10
    assert not raw.is_official_test[:60_000].any()
    assert (first_copies(raw.images) == np.arange(70_000)).all()
    train = raw.images[:60_000].astype(np.uint16)  # squares fit; floats would cost 400 MB
    mean = train.mean()
    assert raw.mean == pytest.approx([mean / 255], abs=1e-4)
    assert raw.std == pytest.approx([np.sqrt((train**2).mean() - mean**2) / 255], abs=1e-4)


def test_a_changed_pixel_of_fashion_mnist_is_found(fashion_dir, tmp_path):
    shutil.copytree(fashion_dir / "FashionMNIST", tmp_path / "FashionMNIST")
    path = tmp_path / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedData, match="SHA-256"):
        load_raw("fashion_mnist", tmp_path)
    path.write_bytes(content[:5_000])
    with pytest.raises(DamagedData, match="cannot read it"):
        load_raw("fashion_mnist", tmp_path)


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_missing_data_says_where_it_looked_and_what_to_run(tmp_path, name):
    with pytest.raises(MissingData) as caught:
        load_raw(name, tmp_path)
    assert f"python -m data_prep download {name} --data-dir {tmp_path}" in str(caught.value)
    looked_at = {"fashion_mnist": "FashionMNIST", "cifar10": "cifar-10-batches-py"}[name]
    assert str(tmp_path / looked_at) in str(caught.value)


def test_cifar10_from_arrays_says_so(cifar_columns, tmp_path, write_arrays):
    write_arrays(tmp_path, "cifar10", **cifar_columns)
    raw = load_raw("cifar10", tmp_path)
    assert raw.images.shape == (1_000, 3, 32, 32)
    assert raw.is_official_test.sum() == 500
    assert raw.source.startswith("arrays cifar10/")
    np.testing.assert_array_equal(
        raw.images[501].transpose(1, 2, 0), cifar_columns["test_images"][1]
    )
    moments = (raw.images[:500] / 255.0).transpose(1, 0, 2, 3).reshape(3, -1)
    assert raw.mean == pytest.approx(moments.mean(axis=1), abs=0.02)
    assert raw.std == pytest.approx(moments.std(axis=1), abs=0.02)


def test_cifar10_arrays_of_another_size_are_refused(cifar_columns, tmp_path, write_arrays):
    small = cifar_columns | {"train_images": cifar_columns["train_images"][:, :28, :28]}
    write_arrays(tmp_path, "cifar10", **small)
    with pytest.raises(DamagedData, match=r"\(3, 32, 32\)"):
        load_raw("cifar10", tmp_path)
    eleven = cifar_columns | {"test_labels": np.full(500, 10)}
    write_arrays(tmp_path, "cifar10", **(cifar_columns | eleven))
    with pytest.raises(DamagedData, match=r"\[0, 10\), got 10"):
        load_raw("cifar10", tmp_path)


@pytest.fixture
def batches(tmp_path, monkeypatch):
    """A data directory with six small batches in torchvision's layout, and their checksums set."""
    torchvision_class = pytest.importorskip("torchvision.datasets").CIFAR10
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    generator = np.random.default_rng(0)

    def write(file_name, content):
        data = pickle.dumps(content)
        (folder / file_name).write_bytes(data)
        return [file_name, hashlib.md5(data).hexdigest()]

    def batch(file_name, size):
        pixels = generator.integers(0, 256, (size, 3072), dtype=np.uint8)
        return write(file_name, {"data": pixels, "labels": [k % 10 for k in range(size)]})

    train = [batch(f"data_batch_{k}", 10) for k in range(1, 6)]
    monkeypatch.setattr(torchvision_class, "train_list", train)
    monkeypatch.setattr(torchvision_class, "test_list", [batch("test_batch", 20)])
    meta = write("batches.meta", {"label_names": list("abcdefghij")})
    monkeypatch.setitem(torchvision_class.meta, "md5", meta[1])
    return tmp_path


def test_cifar10_from_torchvisions_files(batches):
    raw = load_raw("cifar10", batches)
    assert raw.images.shape == (70, 3, 32, 32)
    assert np.flatnonzero(raw.is_official_test).tolist() == list(range(50, 70))
    assert raw.labels.tolist() == [k % 10 for k in range(10)] * 5 + [k % 10 for k in range(20)]
    with (batches / "cifar-10-batches-py" / "data_batch_2").open("rb") as file:
        second = pickle.load(file)["data"]
    np.testing.assert_array_equal(raw.images[10].ravel(), second[0])


def test_same_pixels_from_arrays_never_pass_for_the_verified_files(batches, tmp_path, write_arrays):
    verified = load_raw("cifar10", batches)
    for_test = verified.is_official_test
    write_arrays(
        tmp_path / "other",
        "cifar10",
        train_images=verified.images[~for_test],
        train_labels=verified.labels[~for_test],
        test_images=verified.images[for_test],
        test_labels=verified.labels[for_test],
    )
    arrays = load_raw("cifar10", tmp_path / "other")
    np.testing.assert_array_equal(arrays.images, verified.images)
    assert arrays.source != verified.source
    assert arrays.content_sha256() != verified.content_sha256()


def test_damaged_cifar10_is_refused_even_where_arrays_could_stand_in(
    batches, cifar_columns, write_arrays
):
    write_arrays(batches, "cifar10", **cifar_columns)
    assert load_raw("cifar10", batches).source.startswith("torchvision")
    with (batches / "cifar-10-batches-py" / "test_batch").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DamagedData, match="python -m data_prep download cifar10"):
        load_raw("cifar10", batches)


def test_forget_set_is_the_starting_kits(shared_forget_file, tmp_path):
    shutil.copy(shared_forget_file, tmp_path / "forget_idx.npy")
    indices = cifar10.starting_kit_forget_indices(tmp_path)
    assert indices.dtype == np.int64
    assert len(set(indices.tolist())) == 5_000
    labels = np.load(shared_forget_file.parent / "cifar10" / "train_labels.npy")
    assert np.bincount(labels[indices]).tolist() == [500] * 10


def _one_moved(indices):
    indices[0] = next(k for k in range(50_000) if k not in set(indices.tolist()))
    return indices


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda indices: indices[:-1], r"shape \(5000,\)"),
        (lambda indices: indices.astype(float), "integers"),
        (lambda indices: np.where(indices == indices.max(), 50_000, indices), "got 0 to 50000"),
        (lambda indices: np.where(indices == indices.max(), -1, indices), "got -1"),
        (lambda indices: np.where(indices == indices[0], indices[1], indices), "4999 different"),
        (_one_moved, "SHA-256"),
        (np.sort, "SHA-256"),
    ],
)
def test_a_changed_forget_set_is_refused(shared_forget_file, tmp_path, change, message):
    np.save(tmp_path / "forget_idx.npy", change(np.load(shared_forget_file)))
    with pytest.raises(DamagedData, match=f"{message}.*python -m data_prep download cifar10"):
        cifar10.starting_kit_forget_indices(tmp_path)


def test_a_missing_forget_set_names_the_command(tmp_path):
    with pytest.raises(MissingData, match="python -m data_prep download cifar10"):
        cifar10.starting_kit_forget_indices(tmp_path)


def test_forget_set_is_downloaded_verified_and_mended(shared_forget_file, tmp_path):
    at_hand = copy_of(cifar10, FORGET_URL=shared_forget_file.as_uri())
    nowhere = copy_of(cifar10, FORGET_URL=(tmp_path / "nowhere").as_uri())
    data_dir = tmp_path / "new" / "data"
    at_hand.download_forget_indices(data_dir)
    assert len(cifar10.starting_kit_forget_indices(data_dir)) == 5_000
    (data_dir / "forget_idx.npy").write_bytes(b"damaged")
    at_hand.download_forget_indices(data_dir)
    assert len(cifar10.starting_kit_forget_indices(data_dir)) == 5_000
    assert [path.name for path in data_dir.iterdir()] == ["forget_idx.npy"]
    nowhere.download_forget_indices(data_dir)  # a good copy is not fetched again


def test_a_page_in_place_of_the_forget_set_leaves_nothing_behind(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<html>please log in</html>")
    answered = copy_of(cifar10, FORGET_URL=page.as_uri())
    with pytest.raises(DamagedData, match="did not return the starting kit's forget set"):
        answered.download_forget_indices(tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []
