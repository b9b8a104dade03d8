"""`bank` from the user's side: out of one cache, into another, and scored against there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scorer.cli import main
from scorer.training import paths
from scorer.training.probe import ProbeResult
from tests.bank.test_easydub import layout


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands know the tiny task, and an engine that starts no workers."""
    monkeypatch.setattr(paths, "probe", lambda *_: ProbeResult("loop", 1, "for tests", ()))


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def score(folder: Path, *arguments: object) -> dict[str, Any]:
    result = call("score", "finetune", "--task", "tiny", "--n-models", 2, "--engine", "inline",
                  "--workers", 1, "--sandbox", "process", "--device", "cpu", "--json",
                  "--cache-dir", folder / "cache", "--results-dir", folder / "results",
                  *arguments)  # fmt: skip
    assert result.exit_code == 0, result.output
    values: dict[str, Any] = json.loads(result.stdout)
    return values


@pytest.mark.slow
def test_scores_against_an_imported_bank_stand_on_one_board_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "tiny.bank.zip"
    own = score(here, "--secret", "public")
    result = call("bank", "export", file, "--task", "tiny", "--n-models", 2, "--engine", "inline",
                  "--device", "cpu", "--cache-dir", here / "cache", "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["bank_sha256"] == own["bank_sha256"]
    assert file.with_name("tiny.bank.zip.croissant.json").is_file()
    result = call("bank", "import", file, "--cache-dir", there / "cache", "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "2 oracle, 2 control models, verified, 4 of them new" in result.stdout
    assert "note:" not in result.stdout, "models are trained the same way here"

    def measured_again(*_: object) -> ProbeResult:
        raise AssertionError("the way of training is the bank's")

    monkeypatch.setattr(paths, "probe", measured_again)
    other = score(there, "--runs-secret", own["runs_secret"])
    for name in ("bank_sha256", "fingerprint", "engine_id", "relative_score", "pool_secret"):
        assert other[name] == own[name], name
    (copied,) = (there / "results" / "tiny" / "finetune").glob("*.json")
    (here / "results" / "tiny" / "mine").mkdir()
    record = json.loads(copied.read_text()) | {"method": "mine", "run_id": "mine"}
    (here / "results" / "tiny" / "mine" / "mine.json").write_text(json.dumps(record))
    board = call("leaderboard", "--results-dir", here / "results", "--json").stdout
    (group,) = json.loads(board)["groups"]
    assert {"finetune", "mine"} <= {row["method"] for row in group["rows"]}


def test_another_task_by_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    call("bank", "export", file, "--task", "tiny", "--n-models", 2, "--engine", "inline",
         "--device", "cpu", "--secret", "public", "--cache-dir", tmp_path / "a")  # fmt: skip
    wrong = call("bank", "import", file, "--task", "digits", "--cache-dir", tmp_path / "c",
                 "--device", "cpu")  # fmt: skip
    assert wrong.exit_code == 1 and "must be a bank of digits" in wrong.stderr
    file.write_bytes(file.read_bytes()[:1000])
    short = call("bank", "import", file, "--cache-dir", tmp_path / "c")
    assert short.exit_code == 1 and "b.zip must be a bank" in short.stderr
    assert not list(tmp_path.glob("c/v1/*/*/*/oracle"))


def test_margins_become_arrays(tmp_path: Path) -> None:
    layout(tmp_path)
    result = call("bank", "import", "--easydub", tmp_path, "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "forget set 2, 5 examples, N=8: F of the originals 0.0000" in result.stdout
    arrays = tmp_path / "out" / "forget_2"
    found = call("metric", "--unlearned", arrays / "control.npy", "--oracle",
                 arrays / "oracle.npy", "--json")  # fmt: skip
    assert json.loads(found.stdout)["n_models"] == 8
    for arguments in ([], ["x.zip", "--easydub", tmp_path], ["--easydub", tmp_path]):
        assert call("bank", "import", *arguments).exit_code == 2
