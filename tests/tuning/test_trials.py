"""Trials run on private splits only, and are logged and ranked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scorer.errors import UsageError
from scorer.options import Options
from scorer.runner.load import find_submission
from scorer.tuning.trials import PLAN, TuningPlan, tune
from tests.tuning._shift import SOURCE

SMALL = TuningPlan(split_seeds=(1,), n_models=4, n_trials=2)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def options(cache: Path, tmp_path: Path, tiny_is_known: None, inline_is_known: None) -> Options:
    return Options(
        cache_dir=cache,
        data_dir=tmp_path,
        results_dir=tmp_path / "results",
        task="tiny",
        device="cpu",
        workers=1,
        engine="inline",
    )


def test_trials_are_logged_and_the_public_split_is_left_alone(
    options: Options, tmp_path: Path
) -> None:
    path = tmp_path / "shift.py"
    path.write_text(SOURCE)
    rows = tune(find_submission(str(path)), [], options, lambda *event: None, SMALL)
    logged = (tmp_path / "results" / "tuning" / "tiny" / "shift.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["trial"] for line in logged) == [0, 1]
    assert all(set(row["by_split_seed"]) == {"1"} for row in rows)
    assert all((row["n_models"], row["rule"]) == (4, "competition") for row in rows)
    assert rows[0]["relative_score"] >= rows[1]["relative_score"]
    assert 0 not in PLAN.split_seeds
    assert path.read_text() == SOURCE
    assert not (tmp_path / "results" / "tiny").exists(), "no record of a private split is kept"


def test_a_trial_that_fails_comes_last_with_its_fault(options: Options, tmp_path: Path) -> None:
    path = tmp_path / "picky.py"
    path.write_text(SOURCE + "    if LEARNING_RATE != 0.5: raise ValueError('not mine')\n")
    rows = tune(find_submission(str(path)), [], options, lambda *event: None, SMALL)
    assert [row["trial"] for row in rows] == [0, 1]
    assert rows[1]["relative_score"] is None
    assert rows[1]["fault"]["fault"] == "raised"


def test_nothing_to_tune_is_said(options: Options, tmp_path: Path) -> None:
    path = tmp_path / "fixed.py"
    path.write_text("def unlearning(net, retain, forget, val): pass\n")
    with pytest.raises(UsageError, match="must have a number with a decimal point in capitals"):
        tune(find_submission(str(path)), [], options, lambda *event: None)
    path.write_text(SOURCE)
    with pytest.raises(UsageError, match=r"unknown constant 'LEARNING'\. Did you mean LEARNING_R"):
        tune(find_submission(str(path)), ["LEARNING"], options, lambda *event: None)
