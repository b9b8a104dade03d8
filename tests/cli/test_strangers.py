"""Files as they come, from the user's side: what is printed, what is kept, how it exits."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scorer.cli import main

FILES = Path(__file__).parents[1] / "runner" / "adapt" / "files"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strangers")


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None) -> None:
    """Let the commands know the tiny task, and an engine that starts no workers."""


def check(folders: Path, name: str, *arguments: str) -> Result:
    where = ("--task", "tiny", "--cache-dir", str(folders / "cache"))
    return CliRunner().invoke(main, ["check", str(FILES / name), *where, *arguments])


def score(folders: Path, name: str, *arguments: str) -> Result:
    return CliRunner().invoke(
        main,
        [
            "score", str(FILES / name), "--task", "tiny", "--n-models", "2", "--engine", "inline",
            "--workers", "1", "--cache-dir", str(folders / "cache"),
            "--results-dir", str(folders / "results"), "--secret", "public", *arguments,
        ],
    )  # fmt: skip


def test_what_is_adapted_is_said_and_in_the_json(folders: Path) -> None:
    result = check(folders, "swapped.py", "--json")
    assert result.exit_code == 0, result.stderr
    note = "using unlearning(net, forget, retain, val) of line 5"
    assert f"adapted: {note}" in result.stderr.splitlines()
    facts = json.loads(result.stdout)
    assert facts["ok"] and facts["adapted"] == [note]


def test_what_a_text_shows_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    for name, fault in (("missing_packages.py", "import_error"), ("nothing.py", "bad_signature")):
        result = check(tmp_path, name, "--json")
        assert result.exit_code == 3
        assert [each["fault"] for each in json.loads(result.stdout)["faults"]] == [fault]
        assert f"{fault}: " in result.stderr
        assert not (tmp_path / "cache").exists()


def test_a_function_is_chosen_by_name(folders: Path) -> None:
    refused = check(folders, "two_versions.py")
    assert refused.exit_code == 3 and "choose one with --function NAME" in refused.stderr
    result = check(folders, "two_versions.py", "--function", "unlearning_2", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["method"] == "two_versions.unlearning_2"
    wrong = check(folders, "two_versions.py", "--function", "unlearning_3")
    assert wrong.exit_code == 3 and "must define what --function names" in wrong.stderr


def test_a_record_keeps_what_was_adapted_and_all_files(folders: Path) -> None:
    result = score(folders, "neighbour_star.py", "--json")
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    (note,) = record["adapted"]
    assert note.startswith("with beside_me.py, helpers_of_mine/__init__.py")
    (kept,) = (folders / "results" / "tiny" / "neighbour_star").glob("*.json")
    assert json.loads(kept.read_text())["adapted"] == [note]
    assert kept.with_suffix(".py").read_bytes() == (FILES / "neighbour_star.py").read_bytes()
    with zipfile.ZipFile(kept.with_suffix(".zip")) as copied:
        assert copied.read("beside_me.py") == (FILES / "beside_me.py").read_bytes()
        assert len(copied.namelist()) == 4


def test_what_came_off_a_return_is_in_the_record(folders: Path) -> None:
    result = score(folders, "returns_data_parallel.py", "--json")
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    assert record["adapted"] == ["returned DataParallel around the network"]
    assert not list((folders / "results" / "tiny" / "returns_data_parallel").glob("*.zip"))
