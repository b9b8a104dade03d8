"""Verbs that read results show the good ones and name the others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.results.record import save_record
from scorer.settings import PROJECT_ROOT
from tests.results._records import make_record


@pytest.fixture
def results_dir(tmp_path: Path) -> Path:
    """Two good records, one with an extra field and one without a field; two broken files."""
    rng = np.random.default_rng(0)
    arrays = {"oracle_confidence": rng.normal(size=(64, 5))}
    for name in ("extra", "without"):
        arrays["unlearned_confidence"] = rng.normal(size=(64, 5))
        path = save_record(make_record(name), arrays, None, tmp_path)
        values = json.loads(path.read_text())
        if name == "extra":
            values["tomorrow"] = 1
        else:
            del values["peak_mib"]
        path.write_text(json.dumps(values))
    (path.parent / "broken.json").write_text("{")
    save_record(make_record("damaged"), {}, None, tmp_path).with_suffix(".npz").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [("leaderboard",), ("ls", "results"), ("compare", "extra", "without")]
)
def test_one_bad_file_is_named_beside_the_good_ones(
    results_dir: Path, arguments: tuple[str, ...]
) -> None:
    result = CliRunner().invoke(main, [*arguments, "--results-dir", str(results_dir)])
    assert result.exit_code == 0, result.stderr
    assert "broken.json is not JSON" in result.stderr
    assert "run-damaged.npz must hold the arrays" in result.stderr
    assert "extra" in result.stdout and "without" in result.stdout
    assert "broken" not in result.stdout
    call = [*arguments, "--results-dir", str(results_dir), "--json"]
    values = json.loads(CliRunner().invoke(main, call).stdout)
    assert [Path(one["path"]).name for one in values["problems"]] == [
        "run-damaged.npz",
        "broken.json",
    ]


def test_a_damaged_record_is_ranked_but_not_compared(results_dir: Path) -> None:
    where = ("--results-dir", str(results_dir))
    board = CliRunner().invoke(main, ["leaderboard", *where])
    assert "damaged" in board.stdout
    result = CliRunner().invoke(main, ["compare", "extra", "damaged", *where])
    assert result.exit_code == 1
    assert "error: " in result.stderr and "run-damaged.npz" in result.stderr


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    save_record(make_record("[red]:smile:"), {}, None, tmp_path)
    shown = CliRunner().invoke(main, ["leaderboard", "--results-dir", str(tmp_path)]).stdout
    assert "[red]:smile:" in shown


def test_tables_are_shown_where_the_encoding_knows_ascii_only(results_dir: Path) -> None:
    call = [sys.executable, "-m", "scorer", "leaderboard", "--results-dir", str(results_dir)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(call, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "0.250 +- 0.250" in done.stdout


@pytest.mark.parametrize("task", ["cifar10_resnet18", "cifar10-resnet18"])
@pytest.mark.parametrize("arguments", [("leaderboard",), ("compare", "one", "two")])
def test_a_task_is_found_under_either_spelling(
    tmp_path: Path, task: str, arguments: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(0)
    oracle = rng.normal(size=(64, 5))
    for name in ("one", "two"):
        arrays = {"unlearned_confidence": rng.normal(size=(64, 5)), "oracle_confidence": oracle}
        save_record(make_record(name, task="cifar10-resnet18"), arrays, None, tmp_path)
    call = [*arguments, "--task", task, "--results-dir", str(tmp_path)]
    result = CliRunner().invoke(main, call)
    assert result.exit_code == 0, result.stderr
    assert "cifar10-resnet18: N=64" in result.stdout


@pytest.mark.parametrize("task", ["*", "", "digit"])
@pytest.mark.parametrize("arguments", [("leaderboard",), ("compare", "extra", "without")])
def test_an_unknown_task_is_refused(
    results_dir: Path, task: str, arguments: tuple[str, ...]
) -> None:
    call = [*arguments, "--task", task, "--results-dir", str(results_dir)]
    result = CliRunner().invoke(main, call)
    assert result.exit_code == 2
    assert f"unknown task {task!r}" in result.stderr


def test_readme_names_a_bad_file_too(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("scorer", "baselines", "data_prep", "submission", "docs", "tests/runner/adapt"):
        shutil.copytree(
            PROJECT_ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("README.md", "CONTRIBUTING.md", "pyproject.toml"):
        shutil.copy(PROJECT_ROOT / name, project / name)
    bad = tmp_path / "results" / "digits" / "finetune" / "broken.json"
    bad.parent.mkdir(parents=True)
    bad.write_text("{")
    call = [
        sys.executable,
        "-m",
        "scorer",
        "readme",
        "--boards",
        "--results-dir",
        str(tmp_path / "results"),
    ]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(call, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"not read: {bad} is not JSON" in done.stderr
