"""Bench scaling: which sizes and engines are compared, and what is said of one that is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from scorer.bench import Report, Settings, scaling
from scorer.engines import Engine
from scorer.errors import ScorerError
from tests._engine import InlineEngine


def absent(n_workers: int | None) -> Engine:
    """Be an engine that is not installed."""
    raise ScorerError("it is not installed")


def measured(settings: Settings, **how: Any) -> Report:
    """Return the report of the smallest sizes, taken once."""
    sizes = {"n_models": (8, 16), "n_examples": (2, 4), "fixed_examples": 3, "n_pool_models": 2}
    return scaling.measure(replace(settings, rounds=1), task="tiny", **sizes, **how)


def test_sizes_and_engines(settings: Settings) -> None:
    workers: list[int | None] = []

    def inline(n_workers: int | None) -> Engine:
        workers.append(n_workers)
        return InlineEngine(n_workers)

    report = measured(
        settings,
        engines={"absent": absent, "local": inline},
        n_gpus=0,
    )
    keys = [key for key in report.values if key.startswith("metric_")]
    assert keys == ["metric_8_3_s", "metric_16_3_s", "metric_8_2_s", "metric_8_4_s"]
    names = {figure["name"]: figure["median"] for figure in report.figures}
    assert names["metric, 2 times the models"] == (
        report.values["metric_16_3_s"] / report.values["metric_8_3_s"]
    )
    assert names["metric, 2 times the examples"] == (
        report.values["metric_8_4_s"] / report.values["metric_8_2_s"]
    )
    assert workers == [1, 2]
    assert report.values["pool_local_2_ratio"] == pytest.approx(
        report.values["pool_local_1_s"] / report.values["pool_local_2_s"]
    )
    assert 0 <= report.values["pool_accuracy_percent"] <= 100
    assert "pool, engine absent left out: it is not installed" in report.notes
    assert not [key for key in report.values if "absent" in key or "gpu" in key]
    assert "pool on several GPUs: left out, this machine has none" in report.notes


@pytest.mark.parametrize(
    ("n_gpus", "numbers"), [(0, ()), (1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (8, (1, 2, 4, 8))]
)
def test_numbers_of_gpus_that_are_compared(n_gpus: int, numbers: tuple[int, ...]) -> None:
    assert scaling.gpu_numbers(n_gpus) == numbers


def test_several_gpus_have_rows_of_their_own(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, ...]] = []

    def on_gpus(n_workers: int | None, gpus: Sequence[int]) -> Engine:
        made.append(tuple(gpus))
        return InlineEngine(n_workers)

    # What is trained on both is the CPU's: a stand-in for cards, not for their speed.
    def pools_on_cpu(*arguments: Any, **pool: Any) -> None:
        add_pools(*arguments, **{**pool, "device": "cpu"})

    add_pools = scaling.add_pools
    monkeypatch.setattr(scaling, "LocalEngine", on_gpus)
    monkeypatch.setattr(scaling, "add_pools", pools_on_cpu)
    report = measured(
        settings,
        engines={"local": InlineEngine},
        n_gpus=2,
    )
    assert made == [(0,), (0, 1)]
    assert report.values["pool_local_2_gpu_ratio"] == pytest.approx(
        report.values["pool_local_1_gpu_s"] / report.values["pool_local_2_gpu_s"]
    )
    assert [one["name"] for one in report.figures if "GPU" in one["name"]] == [
        "pool, engine local, 1 GPU",
        "pool, engine local, 2 GPUs",
        "pool, engine local, 2 GPUs over 1",
    ]
    assert not [note for note in report.notes if "left out" in note]
