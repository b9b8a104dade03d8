"""`--features relearning,barrier` from the command to the record and the page."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

from scorer.cli import main
from tests.cli.test_features_asked import call, record_of, tiny, untrained

__all__ = ["tiny"]

LITTLE = """
def unlearning(net, retain, forget, val):
    net.fc.bias.data += 0.01
"""


def test_they_are_made_shown_kept_and_not_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "scorer")
    mine = tmp_path / "mine.py"
    mine.write_text(LITTLE)
    four = ("--n-models", "4")
    asked = (*four, "--features", "relearning,barrier")
    plain = record_of(call(tmp_path, "score", str(mine), *four, "--json"))
    assert plain["relearning"] is plain["barrier"] is None
    assert plain["missing"]["barrier"] == "not asked for: see --features"
    weights = list((tmp_path / "cache").rglob("weights.safetensors"))
    assert len(weights) == 1, "of the original alone"
    shown = call(tmp_path, "score", str(mine), *asked)
    assert shown.exit_code == 0, shown.stderr
    said = "\n".join(caplog.messages)
    assert "4 models of role oracle lack a feature: 0 are evaluated again, 4 trained again" in said
    assert "3 runs of mine lack a feature or were metered otherwise, and are made again" in said
    for line in ("steps to relearn", "not relearned within 100 steps", "barrier to an oracle"):
        assert line in shown.stdout
    (file,) = (
        path
        for path in (tmp_path / "results/tiny/mine").glob("*.json")
        if path.stem != plain["run_id"]
    )
    record = json.loads(file.read_text())
    assert record["final_score"] == plain["final_score"]
    assert record["relearning"]["not_within"] == 0.0
    # Beside the original, whose numbers are those of the floor.
    caplog.clear()
    floor = record_of(call(tmp_path, "score", "original", *asked, "--json"))
    assert not caplog.messages, "nothing is made again"
    assert floor["relearning"]["steps"] == 0.0
    assert floor["barrier"]["forget"] == floor["barrier"]["forget_floor"]
    assert floor["barrier"]["forget_ceiling"] == record["barrier"]["forget_ceiling"] > 0
    # What asks for another keeps these.
    record_of(call(tmp_path, "score", "original", *four, "--features", "features", "--json"))
    assert "lack a feature" in "\n".join(caplog.messages)
    caplog.clear()
    again = record_of(call(tmp_path, "score", str(mine), *asked, "--json"))
    assert not caplog.messages
    assert again["barrier"] == record["barrier"] and again["relearning"] == record["relearning"]
    verified = call(tmp_path, "verify", record["run_id"], "--again", "0", "--json")
    checks = {one["name"]: one for one in json.loads(verified.stdout)["checks"]}
    assert checks["scored again"]["verdict"] == "holds", checks
    for left in ("relearning (relearning on forget)", "barrier (line on forget)"):
        assert left in checks["scored again"]["said"]
    page = tmp_path / "page.html"
    where = ("--cache-dir", str(tmp_path / "cache"), "--results-dir", str(tmp_path / "results"))
    written = CliRunner().invoke(
        main, ["report", "mine", "--task", "tiny", "--out", str(page), *where]
    )
    assert written.exit_code == 0, written.stderr
    assert "steps to relearn" in page.read_text()
    # Checkpoints made elsewhere: networks that learned nothing do not get there as retrained do.
    checkpoints = untrained(tmp_path / "given.zip")
    given = record_of(call(tmp_path, "score", "--checkpoints", checkpoints, *asked, "--json"))
    assert given["relearning"]["p_value"] < 0.05
    assert given["barrier"]["forget"] >= 0.0
