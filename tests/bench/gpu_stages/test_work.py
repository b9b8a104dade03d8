"""Every stage in this process, on a CPU and the tiny task, and the report of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data_prep import MissingData
from scorer.bench import Report, Settings
from scorer.bench.gpu_stages import Plan, measure_everything, work
from scorer.bench.gpu_stages.apart import Events
from scorer.bench.gpu_stages.report import EMPTY, NOT_MEASURED, together
from scorer.bench.gpu_stages.runner import Outcome
from scorer.bench.gpu_stages.state import DONE, LEFT
from scorer.bench.gpu_stages.work import Growth, Told, counted, run_stage
from scorer.errors import ScorerError
from scorer.results.speed import speed_markdown

TINY = Plan(
    device="cpu",
    engine="inline",
    tests=("tests/test_shown.py",),
    peak_size=8,
    tasks=("tiny",),
    group_sizes=(2,),
    n_examples=70,
    rounds=2,
    turn_s=0.0,
    compile_options={"backend": "eager"},
    first_task="tiny",
    first_n_models=2,
    task="tiny",
    n_models=2,
    methods=("finetune", "retrain"),
)

HERE = Path("/somewhere/here")


def call_here(
    function: str, told: dict[str, Any], limit_s: float, say: Callable[[str], None]
) -> Outcome:
    """Do a stage in this process, which knows the tiny task."""
    assert function == "scorer.bench.gpu_stages.work:run_stage"
    events = Events(say)
    run_stage(told, events.take)
    return events.outcome(0)


def measured(settings: Settings, plan: Plan, limit_s: float = 1e6) -> tuple[Report, list[str]]:
    """Return the report of a plan, and the lines that were shown."""
    said: list[str] = []
    results = settings.cache_dir / "results"
    how: dict[str, Any] = {"plan": plan, "call": call_here}
    return measure_everything(settings, results, limit_s, said.append, **how), said


def rows(report: Report, title: str) -> list[list[Any]]:
    """Return the rows of a table."""
    (table,) = [one for one in report.tables if one["title"].startswith(title)]
    return table["rows"]


def told(plan: Plan, emit: Callable[[dict[str, Any]], None], subject: str = "") -> Told:
    """Return what a stage is told."""
    here = Path("nowhere")
    return Told(plan, subject, False, (), here, here, here, emit)


@pytest.mark.slow
@pytest.mark.usefixtures("inline_is_known")
def test_all_stages_and_their_report(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, cache_dir=tmp_path)
    report, said = measured(settings, TINY)
    assert {row[1] for row in rows(report, "stages")} == {"done"}, said
    assert report.values["tests_passed"] > 0
    assert report.values["tests_failed"] == 0
    ways = {row[1]: row for row in rows(report, "ways")}
    assert list(ways) == ["loop", "graph", "compile", "stacked k=2"]
    assert ways["graph"][4] == 1.0
    assert all(row[2] > 0 for row in ways.values())
    assert rows(report, "paths") == [["tiny", "loop", 1, "nothing was to choose"]]
    assert [row[:2] for row in rows(report, "pool of tiny")] == [
        ["original", 1],
        ["oracle", 2],
        ["control", 2],
    ]
    assert [row[1] for row in rows(report, "scores")] == ["finetune", "finetune", "retrain"]
    assert all(row[-1] == "none" for row in rows(report, "scores"))
    assert len(list((tmp_path / "results").rglob("*.json"))) >= 3
    assert "| tiny | graph |" in speed_markdown(report.as_dict())

    again, said = measured(settings, TINY)
    assert said == [said[0]]
    assert said[0].startswith("0 of 8 stages")
    assert again.values == report.values


def test_what_was_not_measured_has_marked_rows(settings: Settings, tmp_path: Path) -> None:
    report, said = measured(replace(settings, cache_dir=tmp_path), TINY, limit_s=1.0)
    assert rows(report, "ways") == [["tiny", "any", NOT_MEASURED, EMPTY, EMPTY, EMPTY]]
    assert rows(report, "paths") == [["tiny", NOT_MEASURED, EMPTY, EMPTY]]
    assert rows(report, "speed") == [["tiny", NOT_MEASURED, EMPTY, EMPTY]]
    assert {row[2] for row in rows(report, "pool of tiny")} == {NOT_MEASURED}
    assert {row[3] for row in rows(report, "scores")} == {NOT_MEASURED}
    # The first score is on the same task here, with as many models.
    assert [row[1] for row in rows(report, "scores")] == ["finetune, finetune, retrain"]
    assert {row[1] for row in rows(report, "stages")} == {"left"}
    assert sum(", of the limit" in line or "waits for" in line for line in said) > 0
    assert speed_markdown(report.as_dict()).count(NOT_MEASURED) == 7


def test_rows_of_what_was_not_tried_are_one_where_they_are_alike() -> None:
    table = [["a", LEFT, EMPTY], ["b", DONE, "1.0"], ["c", LEFT, EMPTY], ["d", LEFT, "2.0"]]
    assert together(table, 0, [1, 2]) == [["a, c", LEFT, EMPTY], *table[1:2], table[3]]
    assert together(table[1:2] * 2, 0, [1, 2]) == table[1:2] * 2


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (MissingData("run data_prep"), {"missing": "run data_prep"}),
        (RuntimeError("illegal address"), {"unfit": "RuntimeError: illegal address"}),
        # No folder of this machine goes to the documents.
        (ScorerError(f"no room in {HERE}/v1"), {"unfit": "ScorerError: no room in CACHE_DIR/v1"}),
    ],
)
def test_a_stage_that_fails_tells_why_and_what_it_has(
    error: Exception, event: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Told, report: Report) -> None:
        report.add("half", "s", 1.0, "half")
        report.notes.append(f"made in {HERE}")
        raise error

    monkeypatch.setitem(work.WORK, "peaks", fail)
    emitted: list[dict[str, Any]] = []
    folders = {"data_dir": "/elsewhere", "cache_dir": str(HERE), "results_dir": "/results"}
    spec = {"kind": "peaks", "subject": "", "again": False, "speeds": [], **folders}
    run_stage({**spec, "plan": asdict(TINY)}, emitted.append)
    assert emitted[0] == event
    assert emitted[1]["found"]["values"] == {"half": 1.0}
    assert emitted[1]["found"]["notes"] == ["made in CACHE_DIR"]


def test_a_pool_is_timed_from_its_first_model(monkeypatch: pytest.MonkeyPatch) -> None:
    emitted: list[dict[str, Any]] = []
    times = iter((0.0, 0.0, 30.0, 30.0, 32.0, 32.0, 36.0, 36.0))
    report = Report("gpu", "")
    growth = Growth(told(TINY, emitted.append, "tiny"), report, lambda: next(times))
    for done in (0, 1, 2, 3):
        growth.progress("train", done, 3)
    assert report.values == {"pool_models_per_min": 60 * 2 / 6, "pool_models_timed": 2}
    assert len(report.figures) == 1
    # Told while it grows, so that a pool that is ended was timed.
    assert [one["found"]["values"]["pool_models_timed"] for one in emitted if "found" in one] == [
        1,
        2,
    ]


def test_tests_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "tests.xml"
    path.write_text(
        '<testsuites><testsuite><testcase classname="tests.a" name="one"/>'
        '<testcase classname="tests.a" name="two"><skipped/></testcase>'
        '<testcase classname="tests.a" name="three"><failure/></testcase>'
        '<testcase classname="tests.b" name="four"><error/></testcase></testsuite></testsuites>'
    )
    assert counted(path) == {
        "passed": 1,
        "skipped": 1,
        "failed": 2,
        "failing": ["tests.a.three", "tests.b.four"],
    }


@pytest.mark.parametrize(
    ("cases", "unfit"),
    [
        ("<testcase/>", ""),
        ("<testcase><skipped/></testcase>", "no test was run, 1 were skipped"),
        (
            '<testcase/><testcase classname="tests.a" name="b"><failure/></testcase>',
            "1 failed: tests.a.b",
        ),
    ],
)
def test_tests_that_failed_or_were_all_skipped_are_no_success(
    cases: str, unfit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pytest_run(command: list[str], **_: Any) -> SimpleNamespace:
        assert command[-2:] == ["-m", "gpu"]
        (place,) = [word for word in command if word.startswith("--junitxml=")]
        Path(place.partition("=")[2]).write_text(f"<testsuite>{cases}</testsuite>")
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(work.subprocess, "run", pytest_run)
    report = Report("gpu", "")
    work.run_tests(told(Plan(), lambda _: None), report)
    assert report.unfit == unfit
    assert report.values["tests_failed"] == cases.count("failure")


def test_a_run_that_fails_fails_the_stage_and_is_made_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    anew: list[bool] = []

    class Kept:
        def __init__(self) -> None:
            fault = {"fault": "raised", "message": "CUDA error", "trace": ""}
            self.record = type("Record", (), {"faults": [fault], "failure": "2 of 2 runs failed"})

        def keep(self, folder: Path) -> Path:
            return folder

    def score(*_: Any, **how: Any) -> list[Kept]:
        anew.append(how["anew"])
        return [Kept()]

    monkeypatch.setattr(work.pipeline, "score", score)
    monkeypatch.setattr(work, "numbers_of", lambda record: {"failure": record.failure})
    for again in (False, True):
        report = Report("gpu", "")
        of = replace(told(TINY, lambda _: None), again=again)
        work.score(replace(of, plan=replace(TINY, engine="local")), report, "tiny", "finetune", 2)
        assert report.unfit.startswith("2 of 2 runs failed; raised: ")
        assert "CUDA error" in report.unfit
    assert anew == [False, True]
