"""Trials are kept beside the methods, one line a method."""

from __future__ import annotations

import json
from pathlib import Path

from scorer.runner.load import find_submission
from scorer.tuning.constants import constants_of
from scorer.tuning.log import KEPT, keep_log
from scorer.tuning.trials import PLAN


def test_trials_are_kept_one_line_a_method(tmp_path: Path) -> None:
    late, early = {"trial": 1, "relative_score": 0.3}, {"trial": 0, "relative_score": 0.2}
    keep_log("digits", "b", [late, early], tmp_path)
    keep_log("digits", "a", [early], tmp_path)
    path = keep_log("digits", "b", [late, {**early, "relative_score": 0.1}], tmp_path)
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["method"] for entry in kept] == ["a", "b"]
    assert [trial["relative_score"] for trial in kept[1]["trials"]] == [0.1, 0.3]


def test_the_kept_trials_are_of_methods_that_exist_and_say_what_was_tuned() -> None:
    logs = list(KEPT.glob("*.jsonl"))
    assert logs, "no trials were kept"
    for log in logs:
        for entry in map(json.loads, log.read_text().splitlines()):
            assert len(entry["trials"]) == PLAN.n_trials
            constants = constants_of(find_submission(entry["method"]).source.decode())
            assert set(entry["trials"][0]["values"]) <= set(constants)
