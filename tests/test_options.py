"""Options: every value checked once, defaults that hold, one place that the flags come from."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click
import pytest
import torch
from click.testing import CliRunner

from scorer.cli._common import options
from scorer.errors import UsageError
from scorer.options import Options, names_known


def test_the_defaults_are_allowed() -> None:
    chosen = Options()
    assert (chosen.task, chosen.n_models, chosen.rule) == ("digits", 64, "competition")
    assert chosen.torch_device == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"task": "digit"}, "unknown task 'digit'. Did you mean digits?"),
        ({"rule": "exakt"}, "unknown rule 'exakt'. Did you mean exact?"),
        ({"design": "reuse"}, "unknown design 'reuse'"),
        ({"engine": "locl"}, "unknown engine 'locl'. Did you mean local?"),
        ({"sandbox": "proces"}, "unknown sandbox 'proces'. Did you mean process?"),
        ({"scenario": "retainfree"}, "unknown scenario 'retainfree'. Did you mean retain-free"),
        ({"scenario": "streaming"}, "must have a whole number K of requests, at least 2, got"),
        ({"scenario": "streaming:1"}, "at least 2, got 'streaming:1'; type streaming:4"),
        ({"scenario": "streaming:2.5"}, "at least 2, got 'streaming:2.5'; type streaming:4"),
        ({"scenario": "standard:2"}, "standard takes nothing behind its name, got 'standard:2'"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"n_models": 1}, "--n-models must be at least 2, got 1"),
        ({"n_models": 10**20}, "--n-models must be at most 99999, got 1000"),
        ({"split_seed": -1}, "--split-seed must be at least 0, got -1"),
        ({"workers": 0}, "--workers must be at least 1, got 0"),
        ({"budget": 0.0}, "--budget must be above 0 and finite, got 0.0"),
        ({"budget": float("nan")}, "--budget must be above 0 and finite, got nan"),
        ({"budget": float("inf")}, "--budget must be above 0 and finite, got inf"),
        ({"timeout_s": 0.0}, "--timeout-s must be above 0 and finite, got 0.0"),
        ({"timeout_s": float("inf")}, "--timeout-s must be above 0 and finite, got inf"),
    ],
)
def test_what_is_out_of_its_limits_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options(**values)
    assert message in str(caught.value)


def test_a_scenario_has_one_name_however_it_is_typed() -> None:
    assert Options(scenario="retain_free").scenario == "retain-free"
    assert Options(scenario="streaming:12").scenario == "streaming:12"


def test_a_change_is_checked_too() -> None:
    with pytest.raises(UsageError, match="--n-models must be at least 2"):
        dataclasses.replace(Options(), n_models=0)


@pytest.mark.parametrize(
    "known", [f.metadata["known"] for f in dataclasses.fields(Options) if "known" in f.metadata]
)
def test_the_default_is_among_the_names(known: str) -> None:
    (field,) = [f for f in dataclasses.fields(Options) if f.metadata.get("known") == known]
    assert field.default in names_known(known)


def test_flags_come_from_the_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    @click.command()
    @options()
    def command(**values: Any) -> None:
        seen.update(values)

    monkeypatch.setenv("CACHE_DIR", str(tmp_path / "cache"))
    arguments = ["--n-models", "8", "--timeout-s", "2.5", "--results-dir", str(tmp_path)]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    assert Options(**seen) == Options(
        n_models=8, timeout_s=2.5, results_dir=tmp_path, cache_dir=tmp_path / "cache"
    )
    assert isinstance(seen["results_dir"], Path)


def test_a_verb_takes_only_what_it_names() -> None:
    @click.command()
    @options("task", "device")
    def command(**values: Any) -> None:
        pass

    assert [parameter.name for parameter in command.params] == ["task", "device"]
