"""`tune` as it is typed: several methods, what it shows, keeps and writes."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scorer.cli import main
from scorer.runner import load
from scorer.tuning import log, trials
from scorer.tuning.log import keep_log, kept_logs
from tests.tuning._shift import SOURCE, StubScores


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_is_known: None) -> StubScores:
    """Score by the learning rate alone, and take two methods of the test's for all baselines."""
    folder = tmp_path / "methods"
    folder.mkdir()
    for name in ("early", "late"):
        (folder / f"{name}.py").write_text(SOURCE)
    (folder / "fixed.py").write_text("RATE = 0.1\n")
    monkeypatch.setattr(load, "BASELINES", folder)
    scores = StubScores(lambda values: 1 / (1 + abs(values["LEARNING_RATE"] - 2.0)))
    monkeypatch.setattr(trials, "score", scores)
    return scores


def call(tmp_path: Path, *arguments: str) -> Result:
    """Return what the command came to in folders of the test."""
    folders = ("--results-dir", str(tmp_path / "results"), "--data-dir", str(tmp_path))
    return CliRunner().invoke(main, ["tune", *arguments, "--task", "tiny", *folders])


def test_all_baselines_that_read_tuned_constants_are_tuned_once(
    stub: StubScores, tmp_path: Path
) -> None:
    result = call(tmp_path, "--all")
    assert result.exit_code == 0, result.output
    assert "early on tiny, best first" in result.stdout
    assert "late on tiny, best first" in result.stdout
    assert "fixed" not in result.stdout
    n_calls = len(stub.calls)
    assert n_calls == 6, "both go through the rounds together"
    again = call(tmp_path, "--all")
    assert again.stdout == result.stdout
    assert len(stub.calls) == n_calls


def test_what_gains_is_kept_and_written_into_the_file(
    stub: StubScores, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(log, "keep_log", partial(keep_log, folder=tmp_path / "kept"))
    path = tmp_path / "methods" / "early.py"
    result = call(tmp_path, str(path), "--save", "--apply", "--json")
    assert result.exit_code == 0, result.output
    (shown,) = json.loads(result.stdout)["methods"]
    kept = kept_logs("tiny", tmp_path / "kept")["early"]
    assert shown["trials"] == kept.trials
    best = kept.trials[kept.ranking[0]["trial"]]["LEARNING_RATE"]
    assert f'LEARNING_RATE = {{"digits": {best}, "fashion_mnist": 0.25}}' in path.read_text()
    assert best != 0.5


def test_trials_on_another_forget_set_are_not_kept_with_the_code(
    stub: StubScores, tmp_path: Path
) -> None:
    path = tmp_path / "methods" / "early.py"
    result = call(tmp_path, str(path), "--save", "--forget", "class:3")
    assert result.exit_code == 2
    assert "--save keeps trials on the task's own forget set, got --forget class:3" in result.stderr
    assert not stub.calls
    assert call(tmp_path, str(path), "--forget", "class:3").exit_code == 0
    assert (tmp_path / "results/tuning/tiny-class-3/early.json").is_file()


def test_all_takes_no_method(stub: StubScores, tmp_path: Path) -> None:
    result = call(tmp_path, "--all", "early")
    assert result.exit_code == 2
    assert "--all takes no METHOD, got early" in result.stderr
