"""Bench sandbox: tiers whose runs take known times, and a real score under one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from scorer.bench import Settings, sandbox
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.runner.tiers import resolve
from tests.bench._machine import Machine

RUNS_S = {"process": 10.0, "landlock": 10.5, "bwrap": 11.0}


def measured(settings: Settings, faults: Sequence[Any] = ()) -> Any:
    """Return the report on tiers of known speed."""
    machine = Machine()

    def score(methods: Sequence[str], options: Options, *_: Any, **how: Any) -> Any:
        assert list(methods) == [sandbox.METHOD]
        for stage, lasts_s in (("open", 1.0), ("train", 2.0), ("run", RUNS_S[options.sandbox])):
            machine.now += lasts_s
            how["on_stage"](stage)
        record = SimpleNamespace(faults=list(faults), elapsed_s=RUNS_S[options.sandbox] / 100)
        return [SimpleNamespace(record=record)]

    return sandbox.measure(settings, tiers=list(RUNS_S), score=score, clock=machine.clock)


def test_ratios_are_those_of_the_runs_alone(settings: Settings) -> None:
    report = measured(replace(settings, rounds=3))
    assert report.values["bwrap_ratio"] == pytest.approx(1.1)
    assert report.values["landlock_ratio"] == pytest.approx(1.05)
    assert report.values["process_runs_s"] == 10.0 and report.values["bwrap_run_s"] == 0.11
    assert "process_ratio" not in report.values
    assert {figure["n"] for figure in report.figures} == {3}


def test_failed_runs_are_no_measurement(settings: Settings) -> None:
    with pytest.raises(ScorerError, match="runs under process failed"):
        measured(settings, ["raised"])


@pytest.mark.slow
def test_a_real_score(settings: Settings) -> None:
    tiers = list(dict.fromkeys(["process", resolve("auto")]))
    report = sandbox.measure(settings, task="tiny", n_models=2, n_workers=1, tiers=tiers)
    assert all(report.values[f"{name}_run_s"] > 0 for name in tiers)
