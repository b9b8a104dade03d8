"""Documents are rendered between marks from kept files; nothing there is typed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scorer.errors import ScorerError
from scorer.results.leaderboard import Group, build_leaderboard
from scorer.results.readme import (
    FIGURES,
    best_rows,
    fill,
    leaderboard_page,
    read_snapshot,
    render_bench,
    render_best,
    render_example,
    save_example,
    save_snapshot,
)
from tests.results._records import make_record


@pytest.fixture
def group() -> Group:
    """Return a leaderboard of seven rows besides ceiling and floor, best first."""
    names = ("retrain", "a", "b", "c", "starting_kit", "d", "original")
    records = [
        make_record(
            name,
            final_score=0.2 - 0.02 * i,
            method_sha256="" if name in ("retrain", "original") else "a" * 64,
        )
        for i, name in enumerate(names)
    ]
    return build_leaderboard(records).groups[0]


@pytest.fixture
def kept(group: Group, tmp_path: Path) -> Path:
    """Return the file of that leaderboard."""
    accuracies = np.array([0.9, 0.92])
    arrays = {f"oracle_accuracy_{name}": accuracies for name in ("retain", "test", "forget")}
    return save_snapshot(group, make_record().provenance["environment"], arrays, tmp_path)


def test_what_stands_between_marks_is_replaced_and_nothing_else() -> None:
    text = "before\n<!-- twice a 2 -->\nold\n<!-- end -->\nand <!-- none --><!-- end --> after\n"
    renderers = {"twice": lambda word, n: word * int(n), "none": lambda: "0"}
    rendered = fill(text, "x.md", renderers)
    assert rendered == (
        "before\n<!-- twice a 2 -->\naa\n<!-- end -->\nand <!-- none -->\n0\n<!-- end --> after\n"
    )
    assert fill(rendered, "x.md", renderers) == rendered


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- other --><!-- end -->", r"x.md: unknown mark 'other'.* Known: table"),
        ("<!-- table -->", r"x.md: what follows <!-- table --> must end with <!-- end -->"),
        ("<!-- table --> <!-- table --><!-- end -->", "must end with"),
        ("<!-- end -->", "unknown mark 'end'"),
    ],
)
def test_marks_that_mean_nothing_are_refused(text: str, message: str) -> None:
    with pytest.raises(ScorerError, match=message):
        fill(text, "x.md", {"table": lambda: ""})


def test_a_leaderboard_of_another_scenario_is_kept_beside_the_standard_one(
    kept: Path, tmp_path: Path
) -> None:
    (group,) = build_leaderboard([make_record(scenario="streaming:4")]).groups
    arrays = {f"oracle_accuracy_{n}": np.array([0.9, 0.92]) for n in ("retain", "test", "forget")}
    path = save_snapshot(group, make_record().provenance["environment"], arrays, tmp_path)
    assert (kept.name, path.name) == ("digits.json", "digits-streaming-4.json")
    page = leaderboard_page(path)
    assert "*digits, scenario streaming:4: N=64" in page
    assert "DESIGN=reuse-1 SCENARIO=streaming:4`" in page
    assert "scenario" not in leaderboard_page(kept).lower()


def test_a_board_kept_before_there_were_scenarios_is_of_the_standard_one(
    group: Group, kept: Path
) -> None:
    values = json.loads(kept.read_text())
    del values["identity"]["scenario"]
    kept.write_text(json.dumps(values))
    assert read_snapshot(kept)[0] == group


def test_a_kept_leaderboard_is_read_as_it_was(group: Group, kept: Path) -> None:
    assert kept.name == "digits.json"
    assert read_snapshot(kept)[0] == group
    with pytest.raises(ScorerError, match=r"cifar10.json is missing; run `make scores TASK=cifar"):
        read_snapshot(kept.with_name("cifar10.json"))


def test_boards_of_other_forget_sets_lie_beside_that_of_the_task(tmp_path: Path) -> None:
    for forget, name in (
        ("class:3:20", "digits-class-3-20"),
        ("subject:-1,4", "digits-subject--1-4"),
    ):
        record = make_record(forget=forget)
        (group,) = build_leaderboard([record]).groups
        arrays = {f"oracle_accuracy_{n}": np.ones(2) for n in ("retain", "test", "forget")}
        path = save_snapshot(group, record.provenance["environment"], arrays, tmp_path)
        assert path.name == f"{name}.json"
        page = leaderboard_page(path)
        assert f"digits, forget {forget}: N=64" in page
        assert f"`make scores TASK=digits FORGET={forget} N=64" in page


def test_a_page_has_every_row_and_where_it_was_made(group: Group, kept: Path) -> None:
    page = leaderboard_page(kept)
    assert all(f"| {row.method} |" in page for row in group.rows)
    assert "Accuracy of the 64 oracles" in page
    assert "test 91.0 ± 1.4 %" in page
    assert "torch 2.14.1" in page
    assert "`make scores TASK=digits N=64 RULE=competition DESIGN=reuse-1`" in page


def test_the_best_rows_are_methods_beside_the_rows_to_measure_by(group: Group) -> None:
    methods = [row.method for row in best_rows(group, 2).rows]
    assert methods == ["ceiling", "retrain", "a", "b", "starting_kit", "floor"]
    assert best_rows(group, 99).rows == [row for row in group.rows if row.method != "original"]


def test_a_short_table_says_of_how_many(kept: Path) -> None:
    text = render_best("digits", "2", folder=kept.parent)
    assert "The best 2 of 5 methods." in text
    assert "| c |" not in text
    assert "N=64 models" in text


def test_what_is_noted_of_a_board_stands_wherever_it_is_shown(kept: Path, group: Group) -> None:
    folder = kept.parent
    save_example(make_record("adversarial"), folder)
    kept.write_text(json.dumps({"note": "Of another network.", **json.loads(kept.read_text())}))

    def shown() -> tuple[str, ...]:
        example = render_example("digits-adversarial", "1", folder=folder)
        return leaderboard_page(kept), render_best("digits", "2", folder=folder), example

    assert all("**Of another network.**" in text for text in shown())
    arrays = {f"oracle_accuracy_{name}": np.ones(2) for name in ("retain", "test", "forget")}
    save_snapshot(group, make_record().provenance["environment"], arrays, folder)
    assert not any("another network" in text for text in shown())


def test_the_example_is_what_score_printed_table_by_table(tmp_path: Path) -> None:
    save_example(
        make_record("adversarial", forgetting_quality=0.05, forgetting_quality_se=0.004), tmp_path
    )
    first = render_example("digits-adversarial", "1", folder=tmp_path)
    second = render_example("digits-adversarial", "2", folder=tmp_path)
    assert "adversarial on digits: N=64 models" in first
    assert "0.050 ± 0.004" in first
    assert "against the oracles" in second
    assert "against the oracles" not in first
    with pytest.raises(ScorerError, match=r"table 3 of digits-adversarial, but .* has 2"):
        render_example("digits-adversarial", "3", folder=tmp_path)
    with pytest.raises(ScorerError, match=r"table 1 of digits-x, but .* has 0"):
        render_example("digits-x", "1", folder=tmp_path)


def test_figures_of_benches_are_rendered_from_their_files(tmp_path: Path) -> None:
    kept = json.loads((FIGURES / "metric-cpu.json").read_text())
    other = {**kept, "bench": "metricology", "command": "no such bench"}
    (tmp_path / "metric-cpu.json").write_text(json.dumps(kept))
    (tmp_path / "metric-ology-cpu.json").write_text(json.dumps(other))
    text = render_bench("metric", folder=tmp_path)
    assert all(f"| {figure['name']} |" in text for figure in kept["figures"])
    assert all(f"- {note}" in text for note in kept["notes"])
    assert f"`{kept['command']}`" in text
    assert "no such bench" not in text
    with pytest.raises(ScorerError, match=r"run `python -m scorer bench oracles --save`"):
        render_bench("oracles", folder=tmp_path)
