"""Verb `study`: the list, where a study goes, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scorer.cli import main
from scorer.results.record import read_records
from scorer.studies import STUDIES, Findings, Settings, Study
from scorer.studies.findings import ask
from scorer.studies.intervals import mean_of
from scorer.style import new_figure


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["study", *arguments])


def test_every_study_is_listed_with_its_question() -> None:
    assert {"boundary", "capacity", "compute", "manifold", "plane"} <= set(STUDIES)
    text = call().stdout
    rows = json.loads(call("--json").stdout)["studies"]
    assert [row["name"] for row in rows] == list(STUDIES)
    for row in rows:
        assert row["name"] in text
        assert row["summary"] in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("boundarys",), "unknown study 'boundarys'. Did you mean boundary?"),
        (("boundary", "--task", "digits"), "study boundary takes no --task"),
        (("capacity", "--task", "digit"), "unknown task of study capacity 'digit'"),
        (("compute", "--task", "fashion_mnist"), "Known: digits"),
        (("boundary", "--quick", "--save"), "leave --quick out"),
        (("boundary", "--workers", "0"), "--workers must be at least 1"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], message: str) -> None:
    result = call(*arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> Study:
    """Put a study that computes nothing among the others."""

    def run(settings: Settings) -> Findings:
        found = Findings("light", study.summary, "python -m scorer study light")
        found.quick, found.task = settings.quick, settings.options.task
        number = found.numbers["speed"] = mean_of([2.9, 3.1], "beams", "m/s")
        found.answers.append(ask("Fast?", number, yes="{number}.", no="", unsure=""))
        found.add_figure("beam", lambda: new_figure()[0], "A beam.")
        return found

    study = Study("light", "is light fast", run, ("digits", "fashion_mnist"))
    monkeypatch.setitem(STUDIES.members, "light", study)
    return study


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        ((), "light"),
        (("--quick",), "light-quick"),
        (("--task", "fashion_mnist"), "light-fashion_mnist"),
        (("--task", "digits"), "light"),
    ],
)
def test_a_study_goes_to_a_folder_of_the_results(
    arguments: tuple[str, ...], folder: str, tmp_path: Path
) -> None:
    result = call("light", *arguments, "--results-dir", str(tmp_path))
    assert result.exit_code == 0, result.stderr
    assert "Fast? Yes. 3 m/s (95 % interval" in result.stdout
    assert [path.name for path in (tmp_path / "studies").iterdir()] == [folder]
    assert (tmp_path / "studies" / folder / "beam.png").is_file()
    results = read_records(tmp_path)
    assert (results.records, results.problems) == ([], [])


@pytest.mark.usefixtures("light")
def test_json_is_one_object_and_out_chooses_the_folder(tmp_path: Path) -> None:
    result = call("light", "--json", "--out", str(tmp_path / "here"))
    values = json.loads(result.stdout)
    assert values["numbers"]["speed"]["n"] == 2
    assert json.loads((tmp_path / "here" / "findings.json").read_text()) == values
