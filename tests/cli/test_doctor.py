"""`doctor`: what this machine has, as a table and as JSON; and what `--sandbox` does without it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.oracles.pool import Pool
from scorer.runner import tiers


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a machine on which only `process` holds."""

    def missing(name: str, device: str = "cpu") -> str:
        return "" if name == "process" else f"no {name} here"

    monkeypatch.setattr(tiers, "missing", missing)


def test_everything_is_in_its_json(plain: None, tmp_path: Path) -> None:
    arguments = [
        "doctor",
        "--json",
        "--device",
        "cpu",
        "--cache-dir",
        str(tmp_path / "none" / "yet"),
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["sandbox"] == "process"
    assert facts["sandboxes"]["bwrap"]["reason"] == "no bwrap here"
    assert not facts["sandboxes"]["landlock"]["works"] and facts["sandboxes"]["process"]["works"]
    assert facts["machine"]["device"] == "cpu" and facts["packages"]["torch"]
    assert facts["disk"]["free_gib"] > 0 and facts["cache"]["pools"] == 0


def test_pools_are_counted_where_they_lie(plain: None, tiny_pool: Pool) -> None:
    arguments = ["doctor", "--device", "cpu", "--cache-dir", str(tiny_pool.cache_dir)]
    result = CliRunner().invoke(main, arguments)
    assert re.search(r"\b1 pools of models", " ".join(result.stdout.split())), result.stdout


def test_tables_name_tiers_and_reasons(plain: None, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--device", "cpu", "--cache-dir", str(tmp_path)])
    assert result.exit_code == 0, result.output
    for text in ("process (auto)", "no bwrap here", "torchvision", "GiB free"):
        assert text in result.stdout


@pytest.mark.parametrize("choice", ["require", "bwrap", "landlock"])
@pytest.mark.parametrize("verb", ["score", "check"])
def test_what_was_asked_for_is_never_less(
    plain: None, tmp_path: Path, choice: str, verb: str
) -> None:
    result = CliRunner().invoke(main, [verb, "finetune", "--sandbox", choice, "--device", "cpu"])
    assert result.exit_code == 1
    assert f"--sandbox {choice}" in result.stderr and "here" in result.stderr


def test_the_tier_is_said(plain: None) -> None:
    assert tiers.said("auto").startswith("process: own process tree")
    assert "(bwrap no bwrap here; landlock no landlock here)" in tiers.said("auto")
