"""Tuning: constants are found and replaced in the text, on private splits only, and logged."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from scorer import tuning
from scorer.errors import UsageError
from scorer.pipeline import Options
from scorer.runner.load import find_submission
from scorer.tuning import (
    KEPT,
    SPLIT_SEEDS,
    constants_of,
    draw_values,
    keep_log,
    tune,
    with_values,
)

SOURCE = '''"""Shift."""
import torch
LEARNING_RATE = 0.5  # a unit
SHARE = 1e-3
EPOCHS = 3
NAME = "x"
lower = 2.0
def unlearning(net, retain, forget, val):
    net.fc.bias.data += LEARNING_RATE * torch.randn(10)
'''


def test_constants_are_floats_in_capitals() -> None:
    found = constants_of(SOURCE)
    assert {name: c.value for name, c in found.items()} == {"LEARNING_RATE": 0.5, "SHARE": 1e-3}
    assert [c.is_rate for c in found.values()] == [True, False]


def test_only_the_value_is_replaced() -> None:
    changed = with_values(SOURCE, constants_of(SOURCE), {"LEARNING_RATE": 0.25, "SHARE": 2.0})
    assert "LEARNING_RATE = 0.25  # a unit\nSHARE = 2.0\nEPOCHS = 3\n" in changed
    assert changed.count("\n") == SOURCE.count("\n")


def test_the_first_trial_is_the_file_and_the_rest_stay_near_it() -> None:
    trials = draw_values(constants_of(SOURCE), ["LEARNING_RATE"], "m")
    assert trials[0] == {"LEARNING_RATE": 0.5}
    assert trials == draw_values(constants_of(SOURCE), ["LEARNING_RATE"], "m")
    values = [trial["LEARNING_RATE"] for trial in trials]
    assert len(set(values)) == len(values) == tuning.N_TRIALS
    # One in each eighth of the range from a third to three times the value.
    parts = sorted(int(8 * (math.log(value / 0.5, 3) + 1) / 2) for value in values[1:])
    assert parts == list(range(8))


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_is_known: None) -> Options:
    monkeypatch.setattr(tuning, "N_MODELS", 4)
    monkeypatch.setattr(tuning, "N_TRIALS", 2)
    monkeypatch.setattr(tuning, "SPLIT_SEEDS", (1,))
    return Options(
        cache_dir=tmp_path / "cache",
        data_dir=tmp_path,
        results_dir=tmp_path / "results",
        task="tiny",
        device="cpu",
        workers=1,
    )


def test_trials_are_logged_and_the_public_split_is_left_alone(
    options: Options, tmp_path: Path
) -> None:
    path = tmp_path / "shift.py"
    path.write_text(SOURCE)
    rows = tune(str(path), [], options, lambda *event: None)
    logged = (tmp_path / "results" / "tuning" / "tiny" / "shift.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["trial"] for line in logged) == [0, 1]
    assert all(set(row["by_split_seed"]) == {"1"} for row in rows)
    assert rows[0]["relative_score"] >= rows[1]["relative_score"]
    assert 0 not in SPLIT_SEEDS
    assert path.read_text() == SOURCE


def test_nothing_to_tune_is_said(options: Options, tmp_path: Path) -> None:
    path = tmp_path / "fixed.py"
    path.write_text("def unlearning(net, retain, forget, val): pass\n")
    with pytest.raises(UsageError, match="must have a number with a decimal point in capitals"):
        tune(str(path), [], options, lambda *event: None)
    path.write_text(SOURCE)
    with pytest.raises(UsageError, match=r"unknown constant 'LEARNING'\. Did you mean LEARNING_R"):
        tune(str(path), ["LEARNING"], options, lambda *event: None)


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
            assert len(entry["trials"]) == tuning.N_TRIALS
            constants = constants_of(find_submission(entry["method"]).source.decode())
            assert set(entry["trials"][0]["values"]) <= set(constants)
