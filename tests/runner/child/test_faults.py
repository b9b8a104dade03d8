"""What is said of an exception: short, and in the names that the author knows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scorer.runner.child.faults import LINE_LETTERS, MESSAGE_LETTERS, Shown, cut, fault, thrown


@pytest.mark.parametrize("text", ["x" * 200_000, "y\n" * 200_000, " " * 10**6 + "^"])
def test_a_message_of_any_length_is_cut(text: str) -> None:
    said = fault("raised", text, text)
    assert len(said["message"]) <= MESSAGE_LETTERS and len(said["trace"]) <= MESSAGE_LETTERS


def test_the_end_of_a_text_and_the_beginning_of_a_line_stay() -> None:
    text = "first\n" + "a" * 1000 + "\nlast"
    assert cut(text) == "first\n" + "a" * LINE_LETTERS + "\nlast"
    assert cut("first\n" + "line\n" * 1000 + "last").endswith("line\nlast")


def raised_in(path: Path, source: str, name: str) -> BaseException:
    """Run a source under a name and return what it raised."""
    try:
        exec(compile(source, name, "exec"), {"__name__": "x", "__file__": str(path)})
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def test_a_trace_names_files_as_their_author_does(tmp_path: Path) -> None:
    package = tmp_path / "in" / "source" / "submission_under_test"
    (package / "parts").mkdir(parents=True)
    (package / "parts" / "step.py").write_text("def step():\n    raise KeyError('mine')\n")
    shown = Shown("submission/mine.py", package)
    source = (
        f"import sys; sys.path.insert(0, {str(package)!r})\nfrom parts.step import step\nstep()"
    )
    try:
        said = thrown("raised", raised_in(package, source, "submission/mine.py"), shown)
    finally:
        sys.path.remove(str(package))
        for name in ("parts", "parts.step"):
            del sys.modules[name]
    assert 'File "submission/mine.py", line 3' in said["trace"]
    assert 'File "submission/parts/step.py", line 2, in step' in said["trace"]
    assert str(tmp_path) not in said["trace"]
    assert shown.of(str(package.parent / "src" / "a.py")) == "src/a.py"
    assert shown.of("/usr/lib/x.py") is None


def test_what_runs_at_import_is_told_where_it_belongs(tmp_path: Path) -> None:
    shown = Shown("mine.py", tmp_path / "package")
    error = raised_in(tmp_path, "x = 1\nopen('/nowhere/at/all')\n", "mine.py")
    said = thrown("import_error", error, shown)
    assert "line 2 runs when the file is imported; put what is to run" in said["message"]
    missing = raised_in(tmp_path, "import no_such_module_at_all", "mine.py")
    assert "line 1 runs" not in thrown("import_error", missing, shown)["message"]
