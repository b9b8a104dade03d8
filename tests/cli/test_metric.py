"""`metric` on files that may be anything: scored, or exit code 2 with the reason."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from scorer.cli import main

RNG = np.random.default_rng(0)
BANKS = RNG.normal(0, 2, (2, 16, 5))


def metric(unlearned: Path, oracle: Path, *more: str) -> Result:
    call = ["metric", "--unlearned", str(unlearned), "--oracle", str(oracle), *more]
    return CliRunner().invoke(main, call)


def saved(folder: Path, name: str, array: Any) -> Path:
    np.save(folder / f"{name}.npy", array)
    return folder / f"{name}.npy"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return saved(tmp_path, "good", BANKS[1])


ARRAYS = {
    "text": (np.array([["a", "b"]] * 3), "text of dtype <U1"),
    "digits as text": (np.array([["1", "2"]] * 3), "text of dtype <U1"),
    "bytes": (np.array([[b"1", b"2"]] * 3), "bytes of dtype |S1"),
    "dates": (np.array([["2020-01-01"] * 2] * 3, "M8[D]"), "dates of dtype"),
    "durations": (np.ones((3, 2), "m8[s]"), "durations of dtype"),
    "truth values": (np.ones((3, 2), bool), "truth values of dtype bool"),
    "complex numbers": (np.ones((3, 2), complex), "complex numbers of dtype"),
    "records": (np.zeros((3, 2), [("a", "f8")]), "records of dtype"),
    "no models": (np.zeros((0, 3)), "must hold at least 2 models"),
    "no examples": (np.zeros((3, 0)), "must hold at least 1 example"),
    "infinity": (np.full((3, 2), np.inf), "must be finite"),
    "the ends of float64": (np.array([[1.7e308], [-1.7e308]] * 2), "up to 1e+100 in size"),
    "one value too large": (np.where(np.eye(16)[:, :5], -1e200, 0.0), "got 1e+200"),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.filterwarnings("error")
def test_what_is_no_confidence_is_named(tmp_path: Path, good: Path, name: str) -> None:
    array, message = ARRAYS[name]
    path = saved(tmp_path, "bad", array)
    for result in (metric(path, path), metric(good, path, "--rule", "exact")):
        assert result.exit_code == 2, result.output
        assert "error: " in result.stderr and str(path) in result.stderr
        assert message in result.stderr
        assert result.stdout == ""


def damaged(folder: Path) -> dict[str, Path]:
    """Return files that hold no whole array."""
    np.savez(folder / "whole.npz", unlearned_confidence=BANKS[1])
    content, flipped = (folder / "whole.npz").read_bytes(), bytearray()
    flipped += content
    flipped[200] ^= 0xFF
    texts = {
        "empty.npy": b"",
        "empty.npz": b"",
        "text.npy": b"hello",
        "no_archive.npz": b"PK\x03\x04garbage",
        "cut.npz": content[: len(content) // 2],
        "flipped.npz": bytes(flipped),
        "cut.npy": saved(folder, "other", BANKS[0]).read_bytes()[:-17],
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text)
    np.savez(folder / "nothing.npz")
    return {name: folder / name for name in (*texts, "nothing.npz")}


def test_files_without_a_whole_array_are_named(tmp_path: Path, good: Path) -> None:
    for path in damaged(tmp_path).values():
        result = metric(path, good)
        assert result.exit_code == 2, (path, result.output, result.exception)
        assert f"{path} must " in result.stderr
    os.mkfifo(tmp_path / "fifo.npy")
    result = metric(tmp_path / "fifo.npy", good)
    assert result.exit_code == 2 and "not a regular file" in result.stderr


def test_archives_are_read_or_their_arrays_named(tmp_path: Path, good: Path) -> None:
    expected = metric(saved(tmp_path, "u", BANKS[0]), good, "--json").stdout
    one, record, several = (tmp_path / f"{name}.npz" for name in ("one", "record", "several"))
    np.savez(one, anything=BANKS[0])
    np.savez(record, unlearned_confidence=BANKS[0], oracle_confidence=BANKS[1], epsilons=BANKS[0])
    np.savez(several, a=BANKS[0], b=BANKS[1])
    for pair in ((one, good), (record, record), (record, good)):
        assert metric(*pair, "--json").stdout == expected
    result = metric(several, good)
    assert result.exit_code == 2
    assert "named unlearned_confidence, got a, b; save the one that is meant" in result.stderr


def test_two_models_are_told_from_a_bad_method(tmp_path: Path, good: Path) -> None:
    two = saved(tmp_path, "two", BANKS[0][:2])
    said = "with N=2 models F is 0 by construction"
    assert said in metric(two, two).stderr
    assert said in json.loads(metric(two, two, "--json", "--rule", "exact").stdout)["warnings"][0]
    three = saved(tmp_path, "three", BANKS[0][:3])
    assert said not in metric(three, three).stderr
    assert said not in metric(good, good).stderr


def test_what_looks_like_probabilities_is_doubted_where_the_rule_has_a_unit(tmp_path: Path) -> None:
    banks = RNG.uniform(size=(2, 32, 5))
    paths = [saved(tmp_path, str(k), bank) for k, bank in enumerate(banks)]
    said = "all values lie in [0, 1], as probabilities do"
    result = metric(*paths)
    assert result.exit_code == 0 and said in result.stderr
    assert said not in metric(*paths, "--rule", "exact").stderr
    banks[1, 0, 0] = 1.01
    assert said not in metric(paths[0], saved(tmp_path, "1", banks[1])).stderr


def test_a_file_with_a_name_of_any_kind_is_read(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "a b [red]'\u00e9.npy"
    shutil.copy(good, path)
    (tmp_path / "link.npy").symlink_to(path)
    assert metric(path, tmp_path / "link.npy").exit_code == 0
