"""`scores`: several methods at a time, each with the record that `score` gives it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scorer.cli import main, scores
from scorer.results.record import Record, read_records
from scorer.runner import load

GOOD = "def unlearning(net, retain, forget, val):\n    net.fc.bias.data += {shift}\n"
RAISES = "def unlearning(net, retain, forget, val):\n    raise ValueError('no')\n"
NONE = "def unlearn_it(batch):\n    pass\n"


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None) -> None:
    """Let the commands know the tiny task, and an engine that starts no workers."""


def call(folder: Path, verb: str, *arguments: str) -> Result:
    """Return what a command came to in folders of the test."""
    flags = ("--task", "tiny", "--n-models", "4", "--engine", "inline", "--workers", "1")
    places = ("--cache-dir", str(folder / "cache"), "--results-dir", str(folder / verb))
    return CliRunner().invoke(main, [verb, *arguments, *flags, *places, "--secret", "public"])


def records(folder: Path, verb: str) -> dict[str, Record]:
    """Return the records that a command left, by method."""
    return {each.method: each for each in read_records(folder / verb)}


def write(folder: Path, **sources: str) -> list[str]:
    """Return the paths of new files."""
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    return [str(folder / f"{name}.py") for name in sources]


def test_each_gets_the_record_that_it_gets_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "TOGETHER", 2)
    paths = write(tmp_path, one=GOOD.format(shift=0.5), two=GOOD.format(shift=1.5))
    result = call(tmp_path, "scores", *paths, "original")
    assert result.exit_code == 0, result.output
    together = records(tmp_path, "scores")
    assert set(together) == {"one", "two", "original"}
    for name, record in together.items():
        assert f"{name}: relative score" in result.stdout
        assert record.run_id in result.stdout
    assert call(tmp_path, "score", paths[1]).exit_code == 0
    (alone,) = records(tmp_path, "score").values()
    for name in ("final_score", "relative_score", "relative_score_se", "bank_sha256", "joint"):
        assert getattr(alone, name, None) == getattr(together["two"], name, None)
    assert alone.final_score is not None


def test_one_that_fails_hides_no_other(tmp_path: Path) -> None:
    paths = write(tmp_path, bad=RAISES, good=GOOD.format(shift=0.5), none=NONE)
    result = call(tmp_path, "scores", *paths)
    assert result.exit_code == 3
    assert "good: relative score" in result.stdout
    assert "bad: no score" in result.stderr
    assert "no score of 2 of 3: none, bad" in result.stderr
    assert set(records(tmp_path, "scores")) == {"bad", "good"}


def test_by_default_it_is_every_baseline_the_entry_and_the_rows_of_the_kit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "baselines"
    folder.mkdir()
    write(folder, one=GOOD.format(shift=0.5), common="pass\n")
    monkeypatch.setattr(load, "BASELINES", folder)
    entry = tmp_path / "submission" / "unlearn.py"
    entry.parent.mkdir()
    entry.write_text(GOOD.format(shift=1.0))
    monkeypatch.setattr(load, "SUBMISSIONS", (entry.parent,))
    assert call(tmp_path, "scores").exit_code == 0
    assert set(records(tmp_path, "scores")) == {"original", "retrain", "unlearn", "one"}
    assert json.loads(next((tmp_path / "scores").rglob("unlearn/*.json")).read_text())
