"""Folders that nothing can be written to are told before any work, with what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.files import DiskError, ensure_writable

SOURCE = "def unlearning(net, retain, forget, val): pass\n"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a submission that nothing may be done with."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("called before folders were looked at")

    monkeypatch.setattr("scorer.pipeline.score", refused)
    (tmp_path / "mine.py").write_text(SOURCE)
    return tmp_path / "mine.py"


@pytest.mark.parametrize(
    ("verb", "variable"),
    [("score", "RESULTS_DIR"), ("score", "CACHE_DIR"), ("check", "CACHE_DIR")],
)
def test_nothing_is_made_where_it_could_not_be_kept(
    mine: Path, monkeypatch: pytest.MonkeyPatch, verb: str, variable: str
) -> None:
    for name in ("RESULTS_DIR", "CACHE_DIR"):
        monkeypatch.setenv(name, str(mine.parent / name))
    monkeypatch.setenv(variable, str(mine / "below"))
    result = CliRunner().invoke(main, [verb, str(mine), "--task", "digits"])
    assert result.exit_code == 1, result.output
    assert f"{mine / 'below'} must be a folder to write to" in result.stderr
    assert "(CACHE_DIR, RESULTS_DIR)" in result.stderr


@pytest.mark.parametrize("source", ["import nowhere_at_all\n" + SOURCE, "def other(): pass\n"])
def test_a_file_whose_text_shows_a_fault_is_refused_before_all(mine: Path, source: str) -> None:
    mine.write_text(source)
    result = CliRunner().invoke(main, ["score", str(mine), "--json"])
    assert result.exit_code == 3, result.output
    assert "no run of it can work, and none was made" in result.stderr
    assert '"ok": false' in result.stdout


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    ensure_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "deep")
    for name in ("file", "file/below", "link"):
        with pytest.raises(DiskError, match="must be a folder to write to, got"):
            ensure_writable(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_others_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DiskError, match="change who may read and write there"):
        ensure_writable(tmp_path / "below")
