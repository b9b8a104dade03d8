"""What is handed in to a trial: unpacked as the platform does, and named where it cannot be."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path

import pytest

from scorer.errors import UsageError
from scorer.files import DiskError
from scorer.host.trial import _unpack

SOURCE = b"def unlearning(net, retain, forget, val):\n    return net\n" * 50


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    path = tmp_path / "submission.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("unlearn.py", SOURCE)
    return path


def test_a_zip_is_unpacked(handed_in: Path, tmp_path: Path) -> None:
    _unpack(handed_in, tmp_path / "to")
    assert (tmp_path / "to" / "unlearn.py").read_bytes() == SOURCE


@pytest.mark.parametrize("damage", ["compressed data", "end", "all", "gone"])
def test_what_is_no_whole_zip_is_named(handed_in: Path, tmp_path: Path, damage: str) -> None:
    content = bytearray(handed_in.read_bytes())
    begin = content.index(b"unlearn.py") + len("unlearn.py")
    if damage == "gone":
        handed_in.unlink()
    else:
        if damage == "compressed data":
            content[begin : begin + 4] = b"\xff" * 4
        handed_in.write_bytes({"end": content[:-9], "all": b"text"}.get(damage, bytes(content)))
    with pytest.raises(UsageError, match=r"submission\.zip must be a zip, as one uploads it"):
        _unpack(handed_in, tmp_path / "to")


def test_a_full_disk_is_no_fault_of_the_zip(
    handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "to"))

    monkeypatch.setattr(zipfile.ZipFile, "extractall", full)
    with pytest.raises(DiskError, match="No space left on device"):
        _unpack(handed_in, tmp_path / "to")
