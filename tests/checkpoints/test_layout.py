"""The zip of the challenge: exactly N checkpoints, and a message for anything else."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from scorer.checkpoints.layout import checkpoints_in, read_member
from scorer.errors import UsageError


def zip_of(path: Path, names: Sequence[str]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, name.encode())
    return path


def of(*indices: int, folder: str = "") -> list[str]:
    return [f"{folder}unlearned_checkpoint_{index}.pth" for index in indices]


@pytest.mark.parametrize("folder", ["", "tmp/", "kaggle/tmp/"])
def test_they_are_found_in_the_order_of_runs(tmp_path: Path, folder: str) -> None:
    odd = ["__MACOSX/._unlearned_checkpoint_0.pth", f"{folder}.DS_Store"]
    rest = of(*(set(range(11)) - {0, 2, 10}), folder=folder)
    path = zip_of(tmp_path / "a.zip", [*of(10, 2, 0, folder=folder), *odd, *rest])
    assert checkpoints_in(path, 11) == of(*range(11), folder=folder)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (of(0, 1), "exactly N=3 checkpoints, got 2: it lacks unlearned_checkpoint_2.pth; --n"),
        (of(0, 2), "it lacks unlearned_checkpoint_1.pth$"),
        (of(0, 1, 2, 3), "it has unlearned_checkpoint_3.pth too; --n-models 4 scores those"),
        (of(1, 2, 3), "lacks unlearned_checkpoint_0.pth and has unlearned_checkpoint_3.pth too$"),
        ([], "got 0: it lacks"),
        ([*of(0, 1, 2), "notes.txt"], "nothing else, got 'notes.txt'"),
        ([*of(0, 1), "unlearned_checkpoint_02.pth"], "nothing else, got 'unlearned_checkpoint_02"),
        ([*of(0, 1, 2), *of(1, folder="b/")], "each checkpoint once"),
        ([*of(0, 1), *of(2, folder="b/")], "in one folder, got ., b"),
    ],
)  # fmt: skip
def test_another_content_is_named(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        checkpoints_in(zip_of(tmp_path / "a.zip", names), 3)


def test_what_is_no_zip_or_cut_short_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", of(0, 1, 2))
    content = path.read_bytes()
    for bad in (b"", b"text", content[:-30], content[:100]):
        path.write_bytes(bad)
        with pytest.raises(UsageError, match="must be a zip of checkpoints"):
            checkpoints_in(path, 3)
    flipped = bytearray(content)
    flipped[content.index(b"pth", 30) + 5] ^= 1
    path.write_bytes(bytes(flipped))
    with pytest.raises(UsageError, match="cannot be read"):
        read_member(path, of(0)[0], 1000)


def test_a_member_is_read_no_further_than_it_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("unlearned_checkpoint_0.pth", bytes(10**7))
    assert path.stat().st_size < 10**5
    assert read_member(path, "unlearned_checkpoint_0.pth", 10**6) is None
    assert read_member(path, "unlearned_checkpoint_0.pth", 10**7) == bytes(10**7)
