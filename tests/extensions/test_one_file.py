"""One file of each kind, added to a copy of the project, is all that it takes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scorer.kinds import KINDS
from scorer.settings import PROJECT_ROOT
from tests.extensions._files import FILES, NAME, NAMES

PARTS = ("scorer", "baselines", "data_prep", "submission", "pyproject.toml")

CALL = """
import json, sys
from click.testing import CliRunner
from scorer.cli import main
found = [CliRunner().invoke(main, arguments) for arguments in json.loads(sys.argv[1])]
print(json.dumps([[one.exit_code, one.stdout, one.output + repr(one.exception)] for one in found]))
"""

LIST = """
import json
from scorer.kinds import KINDS
print(json.dumps({kind.name: [row["name"] for row in kind.rows()] for kind in KINDS.values()}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with one more file of each kind."""
    root = tmp_path_factory.mktemp("project")
    for part in PARTS:
        source = PROJECT_ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, root / part, ignore=ignored)
        else:
            shutil.copy(source, root / part)
    for kind, content in FILES.items():
        path = root / KINDS[kind].file.replace("NAME", NAMES[kind])
        assert not path.exists()
        path.write_text(content)
    return root


def run(root: Path, *arguments: str) -> str:
    """Return what Python prints with the copy as its working directory."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_an_example_of_every_kind() -> None:
    assert set(FILES) == set(KINDS)


def test_every_kind_lists_its_new_file(copy: Path) -> None:
    listed = json.loads(run(copy, "-c", LIST))
    for kind, name in NAMES.items():
        assert name in listed[kind]


@pytest.fixture(scope="module")
def scored(copy: Path) -> dict[str, Any]:
    """Return a record of the new method under everything else that is new."""
    options = [f"--{option}={NAME}" for option in ("task", "rule", "engine", "scenario", "sandbox")]
    text = run(
        copy,
        "-m",
        "scorer",
        "score",
        NAME,
        *options,
        "--n-models",
        "4",
        "--workers",
        "1",
        "--device",
        "cpu",
        "--json",
    )
    values: dict[str, Any] = json.loads(text)
    return values


@pytest.fixture(scope="module")
def said(copy: Path, scored: dict[str, Any]) -> dict[str, str]:
    """Return what further commands print; one process for all, since each imports torch."""
    calls = {
        "command": [NAME],
        "bench": ["bench", NAME],
        "study": ["study", NAME],
        "leaderboard": ["leaderboard", "--json"],
        "report": ["report", NAME, "--task", scored["task"], "--out", str(copy / "report.html")],
    }
    found = json.loads(run(copy, "-c", CALL, json.dumps(list(calls.values()))))
    assert [code for code, *_ in found] == [0] * len(calls), [output for *_, output in found]
    return {name: printed for name, (_, printed, _) in zip(calls, found, strict=True)}


def test_all_of_them_score_together(scored: dict[str, Any]) -> None:
    for field in ("method", "task", "rule", "scenario", "sandbox"):
        assert scored[field] == NAME
    assert scored["provenance"]["engine"] == NAME
    assert scored["provenance"]["task"]["sizes"]["forget"] == 8
    assert scored["faults"] == []
    assert [after["n_requested"] for after in scored["requests"]] == [4, 8]
    assert scored["forgetting_quality"] is not None


def test_their_numbers_are_in_the_record_and_on_the_leaderboard(
    scored: dict[str, Any], said: dict[str, str]
) -> None:
    assert isinstance(scored["mean_largest"], float)
    (group,) = json.loads(said["leaderboard"])["groups"]
    (row,) = [row for row in group["rows"] if row["method"] == NAME]
    assert row["largest_confidence"] == scored["largest_confidence"]


def test_a_new_bench_and_a_new_command_run(said: dict[str, str]) -> None:
    assert said["command"] == "hello\n"
    assert "nothing" in said["bench"]


@pytest.mark.usefixtures("said")
def test_a_new_study_is_made(copy: Path) -> None:
    folder = copy / "results" / "studies" / NAME
    assert json.loads((folder / "findings.json").read_text())["numbers"]["one"]["value"] == 1.0
    assert (folder / "nothing.svg").is_file()


@pytest.mark.usefixtures("said")
def test_a_new_figure_is_a_section_of_a_report(copy: Path) -> None:
    assert f'aria-label="Nothing of {NAME}."' in (copy / "report.html").read_text()
