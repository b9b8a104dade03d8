"""What a submission is: everything that is run, and how it is called."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from scorer.errors import ScorerError, UsageError
from scorer.runner.adapt import Code, code_of, read_code
from scorer.runner.adapt.code import MAIN
from scorer.runner.load import BASELINES, Submission, describe, find_submission, methods_in
from scorer.runner.program import SUBMISSION, install_code

PLAIN = "def unlearning(net, retain, forget, val):\n    return net\n"
SWAPPED = "def unlearning(net, forget, retain, val):\n    return net\n"


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def sha256(path: Path) -> str:
    return Submission.read(path).sha256


def test_a_file_that_needs_nothing_is_its_bytes(tmp_path: Path) -> None:
    for path in (*BASELINES.glob("[!_]*.py"), written(tmp_path, {"mine.py": PLAIN}) / "mine.py"):
        if path.stem == "common":
            continue
        mine = Submission.read(path)
        shared = b"".join(each.read_bytes() for each in mine.code.shared(BASELINES))
        assert mine.sha256 == hashlib.sha256(path.read_bytes() + shared).hexdigest()
        assert mine.code.entry.is_plain and mine.code.notes == () and mine.refusal is None


CHANGES: dict[str, Callable[[Path], object]] = {
    "the helper": lambda here: (here / "helper.py").write_text("RATE = 0.2\n"),
    "what the helper imports": lambda here: (here / "lib" / "deep.py").write_text("X = 2\n"),
    "what lies above": lambda here: (here.parent / "shared_by_all.py").write_text("Y = 2\n"),
    "its own text": lambda here: (here / "mine.py").write_text("import helper\n\n" + PLAIN),
    "its order": lambda here: (here / "mine.py").write_text("import helper\n" + SWAPPED),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_goes_with_it_is_part_of_what_it_is(tmp_path: Path, name: str) -> None:
    here = written(
        tmp_path / "here",
        {
            "mine.py": "import helper\n" + PLAIN,
            "helper.py": "from lib import deep\nimport shared_by_all\nRATE = 0.1\n",
            "lib/__init__.py": "",
            "lib/deep.py": "X = 1\n",
            "stays.py": "",
        },
    )
    (tmp_path / "shared_by_all.py").write_text("Y = 1\n")
    before = Submission.read(here / "mine.py")
    assert sorted(before.code.others) == [
        "../shared_by_all.py",
        "helper.py",
        "lib/__init__.py",
        "lib/deep.py",
    ]
    (here / "stays.py").write_text("changed = True\n")
    assert sha256(here / "mine.py") == before.sha256
    CHANGES[name](here)
    assert sha256(here / "mine.py") != before.sha256


def test_a_missing_package_that_is_there_later_makes_another_submission(tmp_path: Path) -> None:
    mine = written(tmp_path, {"mine.py": "import comes_later\n" + PLAIN}) / "mine.py"
    before = Submission.read(mine)
    assert before.refusal is not None and before.refusal.fault == "import_error"
    written(tmp_path, {"comes_later.py": ""})
    assert Submission.read(mine).refusal is None
    assert sha256(mine) != before.sha256


def test_code_travels_as_bytes_and_is_the_same(tmp_path: Path) -> None:
    files = {"mine.py": "import helper\n" + SWAPPED, "helper.py": "import torch\n"}
    code = read_code(written(tmp_path, files) / "mine.py")
    same = Code.of_bytes(code.to_bytes())
    assert (same.files, same.main, same.entry) == (code.files, code.main, code.entry)
    assert same.to_bytes() == code.to_bytes()
    assert code.with_source(b"x = 1\n").source == b"x = 1\n"
    assert code.with_source(b"x = 1\n").others == code.others


def test_files_are_put_where_a_run_looks_for_them(tmp_path: Path) -> None:
    files = {MAIN: PLAIN.encode(), "a/b.py": b"", "../src/c.py": b"from baselines import common"}
    install_code(tmp_path, code_of(files), BASELINES)
    source = tmp_path / "source"
    found = {p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file()}
    expected = {f"{SUBMISSION}/{MAIN}", f"{SUBMISSION}/a/b.py", "src/c.py"}
    assert found == expected | {"baselines/__init__.py", "baselines/common.py"}
    for path in ("../../program/job.json", "/etc/passwd"):
        with pytest.raises(ScorerError, match="must lie in its folder"):
            install_code(tmp_path, Code({path: b""}), BASELINES)


def test_a_folder_is_a_method_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(
        tmp_path,
        {
            "mine/unlearn.py": '"""Mine."""\n' + PLAIN,
            "mine/data/weights.bin": "0",
            "mine/__pycache__/x.pyc": "",
            "mine/.hidden": "",
            "v1.2/__init__.py": '"""Two."""\n' + PLAIN,
            "theirs.ipynb": "{}",
            "no_method/readme.py": "",
            "_parts/unlearn.py": "",
            "both/unlearn.py": PLAIN,
            "both.py": PLAIN,
        },
    )
    found = methods_in(tmp_path)
    assert sorted(found) == ["both", "mine", "theirs", "v1.2"]
    assert found["both"].name == "both.py"
    monkeypatch.setattr("scorer.runner.load.SUBMISSIONS", (tmp_path,))
    mine = find_submission("mine")
    assert (mine.name, mine.code.main) == ("mine", "unlearn.py")
    assert sorted(mine.code.files) == ["data/weights.bin", "unlearn.py"]
    assert mine.shown_file == str(tmp_path / "mine" / "unlearn.py")
    assert [describe(found[name]).summary for name in ("mine", "v1.2")] == ["Mine.", "Two."]
    assert find_submission(str(tmp_path / "v1.2")).name == "v1.2"
    monkeypatch.chdir(tmp_path / "mine")
    assert find_submission("./").name == "mine"


FOLDERS = {
    "an empty package beside the method": ({"__init__.py": "", "unlearn.py": PLAIN}, "unlearn.py"),
    "a package that has it": (
        {"__init__.py": "from .a import unlearning", "unlearn.py": "", "a.py": PLAIN},
        "__init__.py",
    ),
    "a package alone": ({"__init__.py": "unlearning_1 = 3"}, "__init__.py"),
    "a notebook": ({"unlearn.ipynb": '{"cells": []}'}, "unlearn.py"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_file_of_a_folder(tmp_path: Path, name: str) -> None:
    files, main = FOLDERS[name]
    assert read_code(written(tmp_path / "mine", files)).main == main


def test_what_cannot_go_with_a_submission_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = written(tmp_path / "mine", {"unlearn.py": PLAIN, "data.bin": "x" * 100})
    with pytest.raises(UsageError, match=r"a directory must hold __init__\.py or unlearn\.py"):
        find_submission(str(tmp_path))
    monkeypatch.setattr("scorer.runner.adapt.neighbours.MOST_BYTES", 99)
    with pytest.raises(UsageError, match=r"must be at most 2000 files .* move data"):
        read_code(mine)
    monkeypatch.undo()
    monkeypatch.setattr("scorer.runner.adapt.neighbours.MOST_FILES", 1)
    with pytest.raises(UsageError, match="must be at most 1 files"):
        read_code(mine)
    monkeypatch.undo()
    (mine / "secret").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="secret cannot go with the submission"):
        read_code(mine)


def test_nothing_of_the_kit_is_a_neighbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import submission, scorer, baselines, tests_of_mine, torch, json\n" + PLAIN
    names = ("submission", "scorer", "torch", "json", "baselines")
    here = written(tmp_path / "submission", {f"{name}.py": "" for name in names})
    written(tmp_path, {"tests_of_mine.py": "", "submission/mine.py": source})
    assert list(read_code(here / "mine.py").others) == ["../tests_of_mine.py"]
    monkeypatch.setattr("scorer.runner.adapt.neighbours.PROJECT_ROOT", tmp_path)
    assert not read_code(here / "mine.py").others
