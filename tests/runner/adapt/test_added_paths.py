"""Folders that a file adds to its path: found where its text says so, and never at its mercy."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scorer.runner.adapt.added_paths import added_paths
from scorer.runner.load import find_submission

BEFORE = {
    "a text": 'sys.path.insert(0, "{lib}")',
    "relative to the file": 'sys.path.insert(0, "lib")',
    "a sum": 'ROOT = "{root}"\nsys.path.insert(0, ROOT + "/lib")',
    "os.path": 'sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))',
    "pathlib": 'HERE = Path(__file__).resolve().parent\nsys.path.insert(0, str(HERE / "lib"))',
    "parents": 'sys.path.insert(0, str(Path(__file__).parents[0].joinpath("lib")))',
    "a slice": 'sys.path[:0] = ["lib"]',
    "in a function": 'def ready():\n    sys.path.insert(0, "lib")',
}
AFTER = {
    "append": 'sys.path.append("lib")',
    "extend": 'sys.path.extend(["nowhere", "lib"])',
    "a sum of lists": 'sys.path += ["lib"]',
}
UNKNOWN = {
    "the environment": 'sys.path.insert(0, os.environ["LIB"])',
    "not there": 'sys.path.insert(0, "nowhere")',
    "too far up": "sys.path.insert(0, str(Path(__file__).parents[99]))",
    "a NUL": 'sys.path.append("\\0")',
    "another list": 'os.path.append("lib")\npath.append("lib")',
    "a name that doubles": 'A = "aaaaaaaaaa"\n' + "A = A + A\n" * 90 + "sys.path.append(A)",
    "a long sum": "A = " + " + ".join(['"a"'] * 900) + "\nsys.path.append(A)",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    return tmp_path / "mine.py"


@pytest.mark.parametrize("name", BEFORE | AFTER)
def test_what_a_text_says_is_found(file: Path, name: str) -> None:
    source = (BEFORE | AFTER)[name].format(lib=file.parent / "lib", root=file.parent)
    found = [file.parent / "lib"]
    assert added_paths(ast.parse(source), file) == ((found, []) if name in BEFORE else ([], found))


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_it_does_not_say_is_passed_over(file: Path, name: str) -> None:
    assert added_paths(ast.parse(UNKNOWN[name]), file) == ([], [])


def test_the_last_in_front_is_looked_through_first(file: Path) -> None:
    source = 'sys.path.insert(0, "lib")\nsys.path.insert(0, ".")\nsys.path.append("lib")'
    lib = file.parent / "lib"
    assert added_paths(ast.parse(source), file) == ([file.parent, lib], [lib])


def test_only_what_is_imported_from_there_goes_with_the_file(file: Path) -> None:
    for name in ("helper", "other", "json"):
        (file.parent / "lib" / f"{name}.py").write_text("LR = 0.1\n")
    file.write_text(
        'import sys\nsys.path.insert(0, "lib")\nimport helper, json\n'
        "def unlearning(net, retain, forget, val): pass\n"
    )
    code = find_submission(str(file)).code
    assert list(code.others) == ["helper.py"] and code.notes == ("with helper.py",)
    file.write_text(file.read_text().replace("sys.path.insert(0, ", "sys.path.append("))
    assert list(find_submission(str(file)).code.others) == ["helper.py"]
