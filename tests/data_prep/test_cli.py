from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from data_prep import DATASETS, cifar10, load_raw
from data_prep.__main__ import main
from tests._copies import copy_of


@pytest.fixture
def run():
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def test_check_prints_counts_and_hash(run):
    result = run("check", "digits")
    assert result.exit_code == 0
    assert f"content_sha256      {load_raw('digits', '.').content_sha256()}" in result.stdout
    assert "examples_per_class  178 182 177" in result.stdout


def test_check_json_is_one_object_and_nothing_else(run):
    facts = json.loads(run("check", "digits", "--json").stdout)
    assert facts["n_examples"] == 1797
    assert facts["n_exact_copies"] == 0
    assert facts["image_shape"] == [1, 8, 8]


def test_check_counts_copies_and_says_whether_the_forget_set_is_there(
    run, cifar_columns, shared_forget_file, tmp_path, write_arrays
):
    images = cifar_columns["test_images"].copy()
    images[4] = cifar_columns["train_images"][9]
    write_arrays(tmp_path, "cifar10", **(cifar_columns | {"test_images": images}))
    words = ("check", "cifar10", "--data-dir", tmp_path, "--json")
    facts = json.loads(run(*words).stdout)
    assert facts["n_exact_copies"] == 1
    assert facts["n_official_test"] == 500
    assert facts["starting_kit_forget_indices"] == "absent"
    shutil.copy(shared_forget_file, tmp_path / "forget_idx.npy")
    assert json.loads(run(*words).stdout)["starting_kit_forget_indices"] == "5000, verified"
    np.save(tmp_path / "forget_idx.npy", np.arange(5_000))
    damaged = run(*words)
    assert damaged.exit_code == 1
    assert "SHA-256" in damaged.stderr


def test_missing_data_is_exit_code_1_with_the_command(run, tmp_path):
    result = run("check", "cifar10", "--data-dir", tmp_path)
    assert result.exit_code == 1
    assert f"python -m data_prep download cifar10 --data-dir {tmp_path}" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words",
    [("check", "digit"), ("check",), ("download", "digits"), ("check", "digits", "--jsn")],
)
def test_usage_errors_are_exit_code_2(run, words):
    result = run(*words)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_unknown_name_gets_near_matches(run):
    assert "Did you mean digits" in run("check", "digit").stderr


@pytest.mark.parametrize("verb", ["check", "download"])
def test_help_ends_with_two_examples(run, verb):
    lines = run(verb, "--help").stdout.strip().splitlines()
    assert all(line.strip().startswith(f"python -m data_prep {verb} ") for line in lines[-2:])


def test_download_unpacks_verified_archives_that_are_there(run, fashion_archives, tmp_path):
    """With the archives in place torchvision needs no network, so the real verb can run here."""
    folder = tmp_path / "FashionMNIST" / "raw"
    shutil.copytree(fashion_archives, folder)
    folder.chmod(0o755)  # the copy takes over that the original is read-only
    before = run("check", "fashion_mnist", "--data-dir", tmp_path)
    assert before.exit_code == 1
    assert "download fashion_mnist" in before.stderr
    assert run("download", "fashion_mnist", "--data-dir", tmp_path).exit_code == 0
    assert len(load_raw("fashion_mnist", tmp_path).labels) == 70_000


def test_download_of_cifar10_gets_both_parts(run, shared_forget_file, tmp_path, monkeypatch):
    calls = []
    copy = copy_of(
        cifar10,
        _open=lambda *args, **kwargs: calls.append((args, kwargs)),
        FORGET_URL=shared_forget_file.as_uri(),
    )
    monkeypatch.setitem(DATASETS.members, "cifar10", copy)
    assert run("download", "cifar10", "--data-dir", tmp_path).exit_code == 0
    assert calls == [((tmp_path,), {"is_train": True, "download": True})]
    assert len(cifar10.starting_kit_forget_indices(tmp_path)) == 5_000


def test_no_network_is_exit_code_1(run, tmp_path, monkeypatch):
    nowhere = (tmp_path / "nowhere").as_uri()
    copy = copy_of(cifar10, _open=lambda *args, **kwargs: None, FORGET_URL=nowhere)
    monkeypatch.setitem(DATASETS.members, "cifar10", copy)
    result = run("download", "cifar10", "--data-dir", tmp_path)
    assert result.exit_code == 1
    assert "Error:" in result.stderr
    assert list(tmp_path.iterdir()) == []
