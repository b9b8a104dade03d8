"""`--features` from the command to the record: what is made anew, shown, kept and refused."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from scorer.cli import main
from scorer.training.models import build_model

NOISE = """
import torch
def unlearning(net, retain, forget, val):
    with torch.no_grad():
        net.fc.bias += torch.randn(10)
"""

ALL = "loss,probabilities,features,gradient"


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None) -> None:
    """Let the commands know the tiny task, and an engine that starts no workers."""


def call(folder: Path, verb: str, *arguments: str) -> Result:
    fixed = ("--task", "tiny", "--engine", "inline", "--workers", "1", "--device", "cpu")
    folders = ("--cache-dir", str(folder / "cache"), "--results-dir", str(folder / "results"))
    return CliRunner().invoke(main, [verb, *arguments, *fixed, *folders])


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(NOISE)
    return str(path)


def record_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_what_was_scored_without_them_is_told_of_and_made_anew(
    tmp_path: Path, mine: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "scorer")
    score = (tmp_path, "score", mine, "--n-models", "4")
    plain = record_of(call(*score, "--json"))
    assert plain["attacks"] is None
    assert plain["missing"]["attacks"] == "not asked for: see --features"
    shown = call(*score, "--features", ALL)
    said = "\n".join(caplog.messages)
    assert "1 models of role original lack a feature: 1 are evaluated again" in said
    assert "4 models of role oracle lack a feature: 0 are evaluated again, 4 trained again" in said
    # The first run is made before any oracle.
    for n_runs in (1, 3):
        again = "lack a feature or were metered otherwise, and are made again"
        assert f"{n_runs} runs of mine {again}" in said
    for name in ALL.split(","):
        assert f"attack on {name}, AUC (ceiling)" in shown.stdout
    (file,) = (
        path
        for path in (tmp_path / "results/tiny/mine").glob("*.json")
        if path.stem != plain["run_id"]
    )
    asked = json.loads(file.read_text())
    assert all(0 <= one["auc"] <= 1 < 1 + one["p_value"] for one in asked["attacks"].values())
    # On a CPU models that are made again are the same, and so is all that is measured of them.
    assert asked["bank_sha256"] == plain["bank_sha256"]
    assert asked["final_score"] == plain["final_score"]
    caplog.clear()
    alone = record_of(call(*score, "--json", "--features", "loss"))
    assert not caplog.messages, "what holds more than is asked for is good as it is"
    assert alone["attacks"] == {**dict.fromkeys(ALL.split(",")), "loss": asked["attacks"]["loss"]}
    for record, left in ((asked, True), (alone, False)):
        verified = call(tmp_path, "verify", record["run_id"], "--again", "0", "--json")
        checks = {one["name"]: one for one in json.loads(verified.stdout)["checks"]}
        assert checks["scored again"]["verdict"] == "holds", checks
        assert ("attacks (logits on forget)" in checks["scored again"]["said"]) == left


def untrained(path: Path) -> str:
    """Write a zip of 4 networks of the tiny task that learned nothing; return its path."""
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(4):
            file = io.BytesIO()
            torch.save(build_model("small_cnn", 1, 10, seed=index).state_dict(), file)
            archive.writestr(f"unlearned_checkpoint_{index}.pth", file.getvalue())
    return str(path)


def test_a_pool_may_be_grown_with_them_and_checkpoints_looked_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "scorer")
    grown = call(tmp_path, "oracles", "--n-models", "4", "--features", "gradient", "--json")
    assert record_of(grown)["trained"] == 9
    score = ("score", "retrain", "--n-models", "4", "--features", "features", "--json")
    assert record_of(call(tmp_path, *score))["attacks"]["features"]["auc"] >= 0
    assert not caplog.messages
    checkpoints = untrained(tmp_path / "given.zip")
    given = ("score", "--checkpoints", checkpoints, "--json", "--n-models", "4")
    assert record_of(call(tmp_path, *given))["attacks"] is None
    # Their outputs lack the feature now, and are made again of the zip.
    found = record_of(call(tmp_path, *given, "--features", "features"))["attacks"]["features"]
    assert found["auc"] > 0.9 > found["auc_ceiling"]


REFUSED = {
    "a stream": (("--scenario", "streaming:2"), "--features are looked at after one request"),
    "a plan": (("--plan",), "--plan tells of a score without --features"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_done_with_them_is_refused(tmp_path: Path, what: str) -> None:
    arguments, message = REFUSED[what]
    result = call(tmp_path, "score", "--features", "loss", *arguments)
    assert result.exit_code == 2 and message in result.stderr
    assert not (tmp_path / "cache").exists()
    unknown = call(tmp_path, "score", "--features", "weights")
    assert unknown.exit_code == 2 and "unknown feature 'weights'" in unknown.stderr
