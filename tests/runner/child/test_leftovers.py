"""What runs leave in folders goes, and what others use stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.runner.child.leftovers import empty, names_in


def test_a_folder_is_emptied_but_for_what_stays(tmp_path: Path) -> None:
    (tmp_path / "stays").mkdir()
    (tmp_path / "link").symlink_to("/")
    closed = tmp_path / "a" / "b"
    closed.mkdir(parents=True)
    (closed / "file").write_text("x")
    closed.chmod(0)
    (tmp_path / "a").chmod(0)
    empty(tmp_path, {"stays"})
    assert names_in(tmp_path) == {"stays"}
    assert Path("/").is_dir()


def test_folders_nested_deeper_than_python_follows_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")
    for _ in range(1500):
        Path("deep").mkdir()
        monkeypatch.chdir("deep")
    monkeypatch.chdir("/")
    empty(tmp_path)
    assert names_in(tmp_path) == set()


def test_what_cannot_be_removed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: None)
    with pytest.raises(OSError, match="must be empty between two runs, got 'file' in it"):
        empty(tmp_path)


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert names_in(tmp_path / "none") == set()
