"""From a name to a file, and what a file says of itself."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scorer.errors import UsageError
from scorer.runner.load import (
    Submission,
    describe,
    find_method,
    find_submission,
    method_files,
    methods_in,
)


def test_no_method_is_the_entry_in_submission() -> None:
    assert find_submission(None).shown_path == "submission/unlearn.py"


def test_a_baseline_by_name_and_a_file_by_path(tmp_path: Path) -> None:
    assert find_submission("finetune").shown_path == "baselines/finetune.py"
    mine = tmp_path / "mine.py"
    mine.write_text("x = 1\n")
    found = find_submission(str(mine))
    assert (found.name, found.source) == ("mine", b"x = 1\n")


def test_the_identity_follows_content_not_place(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text("x = 1\n")
    (tmp_path / "c.py").write_text("x = 2\n")
    a, b, c = (find_submission(str(tmp_path / p)) for p in ("a/m.py", "b/m.py", "c.py"))
    assert a.sha256 == b.sha256 != c.sha256


def test_what_a_method_shares_belongs_to_its_identity(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("from baselines import common\n")
    shared = tmp_path / "shared"
    shared.mkdir()
    alone = Submission.read(mine, shared).sha256
    assert alone == hashlib.sha256(mine.read_bytes()).hexdigest()
    (shared / "common.py").write_text("changed = True\n")
    assert Submission.read(mine, shared).sha256 != alone


def test_rows_of_the_kit_itself_have_no_file() -> None:
    assert find_method("retrain") == "retrain"
    assert isinstance(find_method("finetune"), Submission)
    with pytest.raises(UsageError, match=r"METHOD must be a file here, got 'retrain', a row"):
        find_submission("retrain")


def test_unknown_names_get_near_matches_and_the_list() -> None:
    with pytest.raises(UsageError, match=r"unknown method 'finetunning'\. Did you mean finetune"):
        find_submission("finetunning")
    with pytest.raises(UsageError, match=r"no file 'nowhere/x\.py'"):
        find_submission("nowhere/x.py")


def test_helpers_are_not_methods(tmp_path: Path) -> None:
    for name in ("__init__", "_parts", "common", "mine"):
        (tmp_path / f"{name}.py").write_text("1 / 0\n")
    assert list(methods_in(tmp_path)) == ["mine"]
    assert "common" not in method_files()


def test_labels_are_read_without_running_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text(
        '"""Do it.\n\nShort: X\nSource: A 2020,\n    arXiv 1\nData: retain\n\nprose: no\n'
        '"""\n1 / 0\n'
    )
    said = describe(path)
    assert said.summary == "Do it."
    assert said.labels == {"Short": "X", "Source": "A 2020, arXiv 1", "Data": "retain"}
    path.write_text("def broken(:\n")
    assert describe(path).summary == "(cannot be parsed)"


@pytest.mark.parametrize("name", ["a\nb.py", "\x1b[31mred.py", "\u202egnp.py", "\udcff.py"])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("x = 1\n")
    with pytest.raises(UsageError, match="must have a printable name"):
        find_submission(str(path))
