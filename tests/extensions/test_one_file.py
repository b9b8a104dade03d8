"""One file of each kind, added to a copy of the project, is all that it takes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scorer.kinds import KINDS
from scorer.settings import PROJECT_ROOT
from tests.extensions._files import FILES, NAME, NAMES

PARTS = ("scorer", "baselines", "data_prep", "submission", "pyproject.toml")

CALLS = {
    "score": ["score", NAME, "--n-models=4", "--workers=1", "--device=cpu", "--json",
              *(f"--{option}={NAME}" for option in ("task", "rule", "engine", "scenario",
                                                    "sandbox"))],
    "command": [NAME],
    "bench": ["bench", NAME],
    "study": ["study", NAME],
    "leaderboard": ["leaderboard", "--json"],
    "report": ["report", NAME, f"--task={NAME}", "--out=report.html"],
}  # fmt: skip

SCRIPT = """
import json, sys
from click.testing import CliRunner
from scorer.cli import main
from scorer.kinds import KINDS
listed = {kind.name: [row["name"] for row in kind.rows()] for kind in KINDS.values()}
said = {}
for name, arguments in json.loads(sys.argv[1]).items():
    found = CliRunner().invoke(main, arguments)
    if found.exit_code:
        sys.exit(f"{name}: {found.output}{found.exception!r}")
    said[name] = found.stdout
print(json.dumps({"listed": listed, "said": said}))
"""


@dataclass(frozen=True)
class Copy:
    """A copy of the project with one more file of each kind.

    Attributes:
        root: its folder.
        listed: the names of the members of every kind.
        said: what each of `CALLS` printed.
    """

    root: Path
    listed: dict[str, list[str]]
    said: dict[str, str]

    @property
    def record(self) -> dict[str, Any]:
        """Return the record of the new method under everything else that is new."""
        values: dict[str, Any] = json.loads(self.said["score"])
        return values


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Return the copy and what it says; one process for all, since each imports torch."""
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
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(CALLS)],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Copy(root, **json.loads(done.stdout))


def test_there_is_an_example_of_every_kind() -> None:
    assert set(FILES) == set(KINDS)


def test_every_kind_lists_its_new_file(copy: Copy) -> None:
    for kind, name in NAMES.items():
        assert name in copy.listed[kind]


def test_all_of_them_score_together(copy: Copy) -> None:
    scored = copy.record
    for field in ("method", "task", "rule", "scenario", "sandbox"):
        assert scored[field] == NAME
    assert scored["provenance"]["engine"] == NAME
    assert scored["provenance"]["task"]["sizes"]["forget"] == 8
    assert scored["faults"] == []
    assert [after["n_requested"] for after in scored["requests"]] == [4, 8]
    assert scored["forgetting_quality"] is not None


def test_their_numbers_are_in_the_record_and_on_the_leaderboard(copy: Copy) -> None:
    scored = copy.record
    assert isinstance(scored["mean_largest"], float)
    (group,) = json.loads(copy.said["leaderboard"])["groups"]
    (row,) = [row for row in group["rows"] if row["method"] == NAME]
    assert row["largest_confidence"] == scored["largest_confidence"]


def test_a_new_bench_and_a_new_command_run(copy: Copy) -> None:
    assert copy.said["command"] == "hello\n"
    assert "nothing" in copy.said["bench"]


def test_a_new_study_is_made(copy: Copy) -> None:
    folder = copy.root / "results" / "studies" / NAME
    assert json.loads((folder / "findings.json").read_text())["numbers"]["one"]["value"] == 1.0
    assert (folder / "nothing.svg").is_file()


def test_a_new_figure_is_a_section_of_a_report(copy: Copy) -> None:
    assert f'aria-label="Nothing of {NAME}."' in (copy.root / "report.html").read_text()
