"""Each known trap of the platform: a sound bundle made unsound in one way has that one problem."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scorer.host.lint import lint
from scorer.host.settings import read_settings

Values = dict[str, Any]


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """Return a bundle that a test may break."""
    folder = tmp_path / "copy"
    # The kits are most of it and no part of what is looked at here.
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns("kit"))
    return folder


def values_of(bundle: Path) -> Values:
    values: Values = yaml.safe_load((bundle / "competition.yaml").read_text())
    return values


def board(values: Values) -> Values:
    found: Values = values["leaderboards"][0]
    return found


def column(values: Values, index: int = 1) -> Values:
    found: Values = board(values)["columns"][index]
    return found


CHANGES: list[tuple[Callable[[Values], Any], str]] = [
    (lambda v: v.pop("version"), "version must be 2, got none, which is taken as 1"),
    (lambda v: v.update(version=1), "version must be 2, got 1"),
    (lambda v: v.pop("title"), "title must be set"),
    (lambda v: v.pop("docker_image"), "docker_image must be set"),
    (lambda v: v.pop("image"), "image must name a picture, got none"),
    (lambda v: v.update(image="no.png"), "image must name a file of the bundle, got 'no.png'"),
    (lambda v: v.update(image="README.md"), "image must be a picture"),
    (lambda v: v.pop("terms"), "terms must name a page, got none"),
    (lambda v: v.update(terms="no.md"), "terms must name a file of the bundle"),
    (lambda v: v.update(pages=[]), "pages must hold at least one page"),
    (lambda v: v["pages"][0].update(file="no.md"), "page 'Overview' must name a file"),
    (lambda v: v["pages"][0].pop("title"), "a page must have a title"),
    (lambda v: v.update(leaderboard=v.pop("leaderboards")), "must be called leaderboards"),
    (lambda v: board(v).update(submission_rule="Best"), "submission_rule must be one of Add"),
    (lambda v: board(v).update(key="k" * 37), "key of the leaderboard must have at most 36"),
    (lambda v: column(v).update(title="t" * 37), "must have at most 36 characters, got 37"),
    (lambda v: column(v).update(key="k" * 37), "must have at most 36 characters, got 37"),
    (lambda v: column(v).update(sorting="down"), "sorting of column"),
    (lambda v: column(v).update(precision="3"), "precision of column"),
    (lambda v: column(v).update(index=0), "every column must have index of its own, got 0"),
    (lambda v: column(v, 2).update(key="relative_score"), "must have key of its own"),
    (lambda v: column(v).update(key="relativescore"), "it would be dropped in silence"),
    (lambda v: column(v).update(key="relativescore"), "column 'relativescore' would stay empty"),
    (lambda v: board(v).update(primary_index=1), "must be sorted by rank_score"),
    (lambda v: board(v).update(primary_index=99), "primary_index must be that of a column"),
    (lambda v: column(v, 0).update(sorting="asc"), "must be sorted by rank_score"),
    (lambda v: board(v).pop("columns"), "must have columns"),
    (lambda v: v["tasks"][0].update(input_data="input_data/public"), "must end in '/'"),
    (lambda v: v["tasks"][0].update(scoring_program="scoring/"), "must name a file or folder"),
    (lambda v: v["tasks"][1].pop("scoring_program"), "task 1 must have scoring_program"),
    (lambda v: v["tasks"][1].pop("reference_data"), "task 1 must have reference_data"),
    (lambda v: v["tasks"][1].update(index=0), "every task must have an index of its own"),
    (lambda v: v.pop("tasks"), "tasks must hold at least one task"),
    (lambda v: v["solutions"][0].update(path="no/"), "a solution must name a file or folder"),
    (lambda v: v["solutions"][0].pop("tasks"), "a solution must have an index and the tasks"),
    (lambda v: v["phases"][0].pop("end"), "'Public board' must have an end"),
    (lambda v: v["phases"][1].update(start=v["phases"][0]["end"]), "must begin after"),
    (lambda v: v["phases"][0].pop("start"), "start of phase 'Public board' must be a date"),
    (lambda v: v["phases"][0].update(end="soon"), "end of phase 'Public board' must be a date"),
    (lambda v: v["phases"][1].pop("auto_migrate_to_this_phase"), "auto_migrate_to_this_phase"),
    (lambda v: v["phases"][0].update(tasks=[7]), "must name tasks that there are, got 7"),
    (lambda v: v["phases"][0].update(tasks=[]), "must have at least one task"),
    (lambda v: v["phases"][0].update(starting_kit="no.zip"), "starting_kit of phase"),
    (lambda v: v["phases"][0].update(execution_time_limit="600"), "must be whole seconds"),
    (lambda v: v["phases"][0].update(max_submissions_per_day=0), "must be a number from 1"),
    (lambda v: v.pop("phases"), "phases must hold at least one phase"),
    (lambda v: v.update(make_programs_available=True), "make_programs_available must be false"),
    (lambda v: v.update(enable_detailed_results=False), "enable_detailed_results must be true"),
    (lambda v: v.update(phases={"a": 1}), "of another form than it must"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[said[:40] for _, said in CHANGES])
def test_a_trap_in_the_description_is_named(
    copy: Path, change: Callable[[Values], Any], said: str
) -> None:
    values = values_of(copy)
    change(values)
    (copy / "competition.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    assert any(said in problem for problem in lint(copy)), lint(copy)


def leak(bundle: Path) -> None:
    secret = read_settings(bundle / "ingestion_program").runs_secret
    (bundle / "input_data" / "public" / "notes.txt").write_text(f"secret {secret}")


def other_settings(bundle: Path) -> None:
    path = bundle / "scoring_program" / "settings.json"
    path.write_text(path.read_text().replace('"n_models": 4', '"n_models": 8'))


FILES: list[tuple[Callable[[Path], Any], str]] = [
    (lambda b: (b / "pages" / "rules.md").write_text(" \n"), "page 'Rules' must not be empty"),
    (lambda b: (b / "pages" / "terms.md").write_text(""), "terms must not be empty"),
    (lambda b: (b / "logo.png").unlink(), "image must name a file"),
    (lambda b: (b / "ingestion_program" / "metadata.yaml").unlink(), "must hold metadata.yaml"),
    (lambda b: (b / "scoring_program" / "metadata.yaml").write_text("image: x"), "a command"),
    (lambda b: (b / "ingestion_program" / "ingestion.py").unlink(), "must name a file of it"),
    (lambda b: shutil.rmtree(b / "reference_data" / "final"), "reference_data of task 1 must name"),
    (lambda b: (b / "competition.yaml").write_text("a: [1"), "must be YAML"),
    (lambda b: (b / "competition.yaml").write_text("- 1"), "must be a mapping"),
    (lambda b: (b / "competition.yaml").unlink(), "must lie at the top"),
    (lambda b: (b / "ingestion_program" / "settings.json").write_text("{}"), "must hold settings"),
    (other_settings, "settings.json must be the same in both programs"),
    (leak, "notes.txt must not hold the secret of the programs"),
]


@pytest.mark.parametrize(("change", "said"), FILES, ids=[said[:40] for _, said in FILES])
def test_a_trap_in_the_files_is_named(copy: Path, change: Callable[[Path], Any], said: str) -> None:
    change(copy)
    assert any(said in problem for problem in lint(copy)), lint(copy)


def test_a_bundle_as_it_is_made_has_no_problem(copy: Path) -> None:
    assert lint(copy) == []
