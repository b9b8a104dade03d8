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

FOUR = ("--n-models", "4", "--json")
ASKED = (*FOUR, "--features", "relearning,barrier")


def test_they_are_made_shown_kept_and_not_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "scorer")
    mine = tmp_path / "mine.py"
    mine.write_text(LITTLE)
    plain = record_of(call(tmp_path, "score", "original", *FOUR))
    assert plain["relearning"] is plain["barrier"] is None
    assert plain["missing"]["barrier"] == "not asked for: see --features"
    weights = list((tmp_path / "cache").rglob("weights.safetensors"))
    assert len(weights) == 1, "of the original alone"
    floor = record_of(call(tmp_path, "score", "original", *ASKED))
    said = "\n".join(caplog.messages)
    assert "1 models of role original lack a feature: 1 are evaluated again" in said
    assert "4 models of role oracle lack a feature: 0 are evaluated again, 4 trained again" in said
    assert floor["final_score"] == plain["final_score"]
    assert floor["bank_sha256"] == plain["bank_sha256"]
    assert floor["relearning"]["steps"] == 0.0 < floor["relearning"]["steps_ceiling"]
    assert floor["barrier"]["forget"] == floor["barrier"]["forget_floor"]
    # What asks for another keeps these.
    caplog.clear()
    record_of(call(tmp_path, "score", "original", *FOUR, "--features", "features"))
    assert "4 models of role oracle lack a feature: 4 are evaluated again" in caplog.text
    caplog.clear()
    again = record_of(call(tmp_path, "score", "original", *ASKED))
    assert not caplog.messages, "nothing is made again"
    assert again["barrier"] == floor["barrier"] and again["relearning"] == floor["relearning"]

    record = record_of(call(tmp_path, "score", str(mine), *ASKED))
    assert not caplog.messages
    assert record["relearning"]["not_within"] == 0.0
    assert record["barrier"]["forget_ceiling"] == floor["barrier"]["forget_ceiling"] > 0
    # Its biases are a little off, and its end of the line with them.
    assert record["barrier"]["forget"] == pytest.approx(floor["barrier"]["forget"], abs=0.05)
    verified = call(tmp_path, "verify", record["run_id"], "--again", "0", "--json")
    checks = {one["name"]: one for one in json.loads(verified.stdout)["checks"]}
    assert checks["scored again"]["verdict"] == "holds", checks
    for left in ("relearning (relearning on forget)", "barrier (line on forget)"):
        assert left in checks["scored again"]["said"]
    page = tmp_path / "page.html"
    where = ("--cache-dir", str(tmp_path / "cache"), "--results-dir", str(tmp_path / "results"))
    told = ("report", "mine", "--task", "tiny", "--out", str(page), *where)
    written = CliRunner().invoke(main, told)
    assert written.exit_code == 0, written.stderr
    for line in ("steps to relearn", "not relearned within 100 steps", "barrier to an oracle"):
        assert line in page.read_text()


def test_checkpoints_may_be_looked_at(tmp_path: Path) -> None:
    checkpoints = untrained(tmp_path / "given.zip")
    given = record_of(call(tmp_path, "score", "--checkpoints", checkpoints, *ASKED))
    # Networks that learned nothing have nothing to get back.
    assert given["relearning"]["p_value"] <= 0.05
    assert given["barrier"]["forget"] >= 0.0 and given["barrier"]["forget_se"] > 0.0
