"""`doctor`: what this machine has, as a table and as JSON; and what `--sandbox` does without it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scorer.cli import _health, main
from scorer.cli._health import pins
from scorer.cli.doctor import PACKAGES
from scorer.oracles.health import take_health
from scorer.oracles.inventory import take_inventory
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
    training, runs = (facts["memory"]["plans"][each] for each in ("training", "runs"))
    assert training["worker_bytes"] * training["per_device"] <= training["available_bytes"]
    assert runs["worker_bytes"] * runs["per_device"] <= runs["available_bytes"]
    assert facts["memory"]["free_gib"] <= facts["memory"]["total_gib"]
    assert facts["disk"]["free_gib"] > 0 and facts["cache"]["pools"] == 0


def test_pools_are_counted_where_they_lie(plain: None, tiny_pool: Pool) -> None:
    arguments = ["doctor", "--device", "cpu", "--cache-dir", str(tiny_pool.cache_dir)]
    result = CliRunner().invoke(main, arguments)
    assert re.search(r"\b1 pools of models", " ".join(result.stdout.split())), result.stdout


def test_tables_name_tiers_and_reasons(plain: None, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--device", "cpu", "--cache-dir", str(tmp_path)])
    assert result.exit_code == 0, result.output
    for text in (
        "What works, and what to do",
        "process (auto)",
        "no bwrap here",
        "torchvision",
        "GiB free",
    ):
        assert text in result.stdout


def facts(**changes: Any) -> dict[str, Any]:
    """Return what `doctor` finds on a machine where all is well, with some of it changed."""
    good: dict[str, Any] = {
        "machine": {"device": "cpu", "device_name": "a processor", "cores": 2, "python": "3.11.7"},
        "memory": {
            "free_gib": 7.5,
            "total_gib": 8.0,
            "task": "digits",
            "n_models": 64,
            "plans": {
                "training": {"n_workers": 2, "k": 32, "worker_bytes": 600 * 2**20},
                "runs": {"n_workers": 2, "worker_bytes": 900 * 2**20},
            },
            "reason": "",
        },
        "packages": {**dict.fromkeys(PACKAGES, "1"), **pins(), "ray": None},
        "sandboxes": {
            name: {"works": True, "reason": ""} for name in ("bwrap", "landlock", "process")
        },
        "sandbox": "bwrap",
        "disk": {"free_gib": 50.0, "total_gib": 100.0},
        "cache": {"path": "cache", "pools": 1, "models": 9, "damaged": 0, "without_secret": 0,
                  "useless_mib": 0.0},
        "data": {"path": "data", "folders": ["cifar10"]},
    }  # fmt: skip
    return {**good, **changes}


def test_where_all_is_well_nothing_is_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_health, "GPU_DRIVER", Path("/no/such/driver"))
    lines = _health.health_lines(facts())
    assert {line.state for line in lines} == {"good"}
    assert not any(line.to_do for line in lines)


@pytest.mark.parametrize(
    ("what", "changes", "state", "to_do"),
    [
        ("packages", {"packages": {"torch": None}}, "bad", "make env"),
        ("packages", {"packages": {"torch": "2.11.0"}}, "could be better", "pinned"),
        ("sandbox", {"sandbox": "process"}, "bad", "for bwrap: not here; for landlock"),
        ("sandbox", {"sandbox": "landlock"}, "could be better", "for bwrap: not here"),
        ("memory", {"memory": {"plans": {}, "reason": "end what else uses"}}, "bad", "end what"),
        ("disk", {"disk": {"free_gib": 0.5, "total_gib": 9.0}}, "bad", "CACHE_DIR"),
        ("pools", {"cache": {"damaged": 2}}, "bad", "oracles --verify"),
        ("pools", {"cache": {"without_secret": 1}}, "bad", "oracles --verify"),
        ("leftovers", {"cache": {"useless_mib": 900.0}}, "could be better", "gc"),
        ("offline", {"data": {"path": "data", "folders": []}}, "good", "data_prep download"),
    ],
)
def test_what_is_wrong_says_what_to_do(
    what: str, changes: dict[str, Any], state: str, to_do: str
) -> None:
    known = facts()
    if "sandbox" in changes:
        changes["sandboxes"] = {
            name: {"works": False, "reason": "not here"} for name in known["sandboxes"]
        }
    joined = {
        name: {**known[name], **value} if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    (line,) = [one for one in _health.health_lines(facts(**joined)) if one.what == what]
    assert line.state == state
    assert to_do in line.to_do


def test_a_gpu_that_torch_cannot_use_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_health, "GPU_DRIVER", tmp_path)
    (line,) = [one for one in _health.health_lines(facts()) if one.what == "device"]
    assert line.state == "could be better" and "TORCH=" in line.to_do


def test_pins_are_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "constraints.txt"
    file.write_text("# torch==0\nscikit-learn==1.9.1\ntorch==2.14.1\n")
    assert pins(file) == {"scikit-learn": "1.9.1", "torch": "2.14.1"}
    assert pins(tmp_path / "none.txt") == {}
    assert set(PACKAGES) <= set(pins())


def test_pool_health_is_told_without_the_task(tiny_pool: Pool, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(tiny_pool.cache_dir, cache)
    # As many as other tests have asked for by now.
    n_models = len(list(tiny_pool.root.glob("[a-z]*/[0-9]*/manifest.json")))
    health = take_health(take_inventory(cache))
    assert (health.n_pools, health.n_models, health.n_damaged) == (1, n_models, 0)
    root = cache / tiny_pool.root.relative_to(tiny_pool.cache_dir)
    (root / "oracle" / "00001" / "manifest.json").write_text("{}")
    shutil.rmtree(root / "control" / "00002")
    shutil.copytree(root / "control" / "00003", root / "control" / "00002")
    health = take_health(take_inventory(cache))
    assert (health.n_models, health.n_damaged) == (n_models - 2, 2)
    assert (root / "oracle" / "00001").is_dir()  # nothing was changed
    for copy in ("secret", "secret.copy"):
        (root / copy).write_text("no secret")
    assert take_health(take_inventory(cache)).n_without_secret == 1


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
