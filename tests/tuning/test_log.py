"""Logs are kept beside the methods, one line a method, and are of methods as they are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from scorer.options import Options
from scorer.runner.load import find_submission
from scorer.tuning.constants import constants_of
from scorer.tuning.log import KEPT, TuningLog, keep_log, kept_logs, log_path, plan_values, read_log
from scorer.tuning.plan import PLANS
from tests.data_prep._own import write_classes

LOG = TuningLog("b", "digits", "digits", "0", {}, [{"RATE": 0.1}], [])


def test_logs_are_kept_one_line_a_method(tmp_path: Path) -> None:
    keep_log(LOG, tmp_path)
    keep_log(dataclasses.replace(LOG, method="a"), tmp_path)
    again = dataclasses.replace(LOG, trials=[{"RATE": 0.2}])
    path = keep_log(again, tmp_path)
    assert len(path.read_text().splitlines()) == 2
    kept = kept_logs("digits", tmp_path)
    assert list(kept) == ["a", "b"]
    assert kept["b"] == again
    assert kept_logs("other", tmp_path) == {}


def test_what_is_kept_with_the_code_counts_where_the_results_folder_has_nothing(
    tmp_path: Path,
) -> None:
    plan, options = PLANS["digits"], Options(results_dir=tmp_path / "results")
    kept = dataclasses.replace(LOG, plan=plan_values(plan))
    keep_log(kept, tmp_path)
    assert read_log(options, "b", "0", plan, tmp_path) == kept
    assert read_log(options, "b", "of another file", plan, tmp_path) is None
    own = dataclasses.replace(kept, rows=[{"rung": 0, "trial": 0}])
    own.write(log_path(options, "b"))
    assert read_log(options, "b", "0", plan, tmp_path) == own


def test_own_images_are_logged_under_their_name(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "photos")
    options = Options(task=str(folder), results_dir=tmp_path / "results")
    assert log_path(options, "b") == tmp_path / "results/tuning/photos/b.json"
    other = dataclasses.replace(options, forget="class:03:7")
    assert log_path(other, "b") == tmp_path / "results/tuning/photos-class-3-7/b.json"


@pytest.mark.parametrize("task", [path.stem for path in KEPT.glob("*.jsonl")])
def test_the_kept_logs_are_finished_and_of_constants_that_methods_have(task: str) -> None:
    for method, log in kept_logs(task).items():
        assert log.plan == plan_values(PLANS[log.family])
        assert log.rung(len(log.plan["rungs"]) - 1)
        constants = constants_of(find_submission(method).source.decode())
        assert set(log.trials[0]) == {n for n, each in constants.items() if each.is_tuned}
