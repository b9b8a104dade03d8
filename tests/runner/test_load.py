"""From a name to a file, and what a file says of itself."""

from __future__ import annotations

import hashlib
import os
import re
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
    mine.write_text(
        "from baselines import common\n\n\ndef unlearning(net, retain, forget, val):\n    pass\n"
    )
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


BAD_NAMES = {
    "a\nb.py": "printable",
    "\x1b[31mred.py": "printable",
    "\u202egnp.py": "printable",
    "\udcff.py": "printable",
    "...py": "no dot",
    ".hidden.py": "no dot",
    " floor.py": "a character to be seen",
    "floor .py": "a character to be seen",
    f"{'x' * 247}.py": "at most 100 bytes, got 247",
    f"{'é' * 51}.py": "at most 100 bytes, got 102",
    "retrain.py": "a row of the kit",
    "original.py": "a row of the kit",
    "ceiling.py": "a row of the kit",
    "Floor.py": "a row of the kit",
    "\uff43eiling.py": "a row of the kit",
    "oracle.py": "a row of the kit",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_cannot_stand_on_a_board_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('"""Do it."""\n')
    with pytest.raises(UsageError, match=BAD_NAMES[name]) as refused:
        find_submission(str(path))
    assert str(refused.value).endswith("rename the file")
    assert describe(path).summary.startswith("(the name must ")


@pytest.mark.parametrize("name", ["[red]x.py", "a.b.py", "Mine-2.py", "mine.PY.py", "数.py"])
def test_names_that_can_be_seen_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x = 1\n")
    assert find_submission(str(tmp_path / name)).name == name.removesuffix(".py")


def make_odd(folder: Path) -> dict[str, str]:
    """Put into a folder what is no file of a method; return what is said of each."""
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "fifo.py")
    (folder / "loop.py").symlink_to(folder / "loop.py")
    (folder / "dangling.py").symlink_to(folder / "nowhere.py")
    (folder / "device.py").symlink_to("/dev/zero")
    with (folder / "huge.py").open("wb") as file:
        file.truncate(2**30)
    return {
        "folder": "regular file|directory",
        "fifo": "not a regular file",
        "loop": "loop|symbolic links",
        "dangling": "No such file",
        "device": "not a regular file",
        "huge": "more than 16777216",
    }


def test_what_is_no_file_neither_stops_nor_hangs(tmp_path: Path) -> None:
    odd = make_odd(tmp_path)
    assert methods_in(tmp_path).keys() == odd.keys()
    for name, message in odd.items():
        path = tmp_path / f"{name}.py"
        with pytest.raises(UsageError, match=f"cannot be scored: .*({message})"):
            find_submission(str(path))
        assert re.search(f"^\\(.* cannot be scored: .*({message})", describe(path).summary)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("source", "summary"),
    [
        (b"", ""),
        (b'\xef\xbb\xbf"""With a mark."""\n', "With a mark."),
        (b'# coding: latin-1\n"""Caf\xe9."""\n', "Caf\xe9."),
        (b'"""\xe9"""\n', "(cannot be parsed)"),
        (b"x = '\0'\n", "(cannot be parsed)"),
        (b"x = " + b"(" * 100_000, "(cannot be parsed)"),
        (b"x = " + b"-" * 100_000 + b"1\n", "(cannot be parsed)"),
        (b'"""Odd \\d escape."""\n', "Odd \\d escape."),
        (b'"""   """\n', ""),
        (b'"""\\x1b[2J"""\n', "\x1b[2J"),
    ],
)
def test_odd_files_are_described(tmp_path: Path, source: bytes, summary: str) -> None:
    path = tmp_path / "odd.py"
    path.write_bytes(source)
    assert describe(path).summary == summary
    assert Submission.read(path).source == source
