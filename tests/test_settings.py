"""Where things lie, in a checkout, beside another one and without any."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.settings import (
    PROJECT_ROOT,
    default_cache_dir,
    default_data_dir,
    default_results_dir,
    home,
    is_checkout,
    other_checkout,
)


def make_checkout(folder: Path) -> Path:
    """Make a folder look like a checkout."""
    (folder / "scorer").mkdir(parents=True)
    (folder / "scorer" / "settings.py").touch()
    (folder / "pyproject.toml").touch()
    return folder


def test_this_is_a_checkout_and_keeps_its_files() -> None:
    assert is_checkout()
    assert home() == PROJECT_ROOT


def test_without_a_checkout_the_working_directory_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "site-packages"
    (packages / "scorer").mkdir(parents=True)
    (packages / "scorer" / "settings.py").touch()
    monkeypatch.chdir(tmp_path)
    assert home(packages) == tmp_path


@pytest.mark.parametrize("found", [default_cache_dir, default_data_dir, default_results_dir])
def test_folders_can_be_named_in_the_environment(
    found: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = found.__name__.removeprefix("default_").upper()
    monkeypatch.delenv(name, raising=False)
    assert found().parent == PROJECT_ROOT
    monkeypatch.setenv(name, str(tmp_path))
    assert found() == tmp_path


def test_another_checkout_is_the_nearest_one_around(tmp_path: Path) -> None:
    other = make_checkout(tmp_path / "other")
    inside = other / "submission"
    inside.mkdir()
    assert other_checkout(inside, PROJECT_ROOT) == other
    assert other_checkout(inside, other) is None
    assert other_checkout(tmp_path, PROJECT_ROOT) is None


def test_a_command_in_another_checkout_says_whose_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_checkout(tmp_path / "other")
    monkeypatch.chdir(other)
    shown = CliRunner().invoke(main, ["ls", "rules", "--json"])
    assert str(PROJECT_ROOT) in shown.stderr
    assert str(other) in shown.stderr
    assert "note" not in shown.stdout
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["ls", "rules", "--json"]).stderr == ""
