"""The probe: which path it prefers, and what fits in memory."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import nn

from scorer.training import probe as probe_module
from scorer.training.models import ARCHITECTURES
from scorer.training.probe import (
    Timing,
    best_of,
    bytes_per_model,
    fitting_group_size,
    probe,
)
from tests.training._common import noise, recipe

DATA = noise(64, 1, 8, 8)


@pytest.mark.parametrize(
    ("loop_ms", "stacked_ms", "expected"),
    [
        (1.0, (0.5, 0.4, 0.3), ("stacked", 32)),
        (1.0, (0.5, 0.4, 0.39), ("stacked", 16)),
        (1.0, (0.95, 1.5, 2.0), ("loop", 1)),
        (1.0, (1.5, 1.2, 0.6), ("stacked", 32)),
    ],
)
def test_prefers_fast_paths_and_small_groups(
    loop_ms: float, stacked_ms: tuple[float, ...], expected: tuple[str, int]
) -> None:
    timings = [Timing("loop", 1, loop_ms)]
    timings += [Timing("stacked", k, ms) for k, ms in zip((8, 16, 32), stacked_ms, strict=True)]
    best = best_of(timings)
    assert (best.name, best.k) == expected


def test_measures_the_loop_and_every_group_on_the_data() -> None:
    result = probe(DATA, recipe())
    names = [(timing.name, timing.k) for timing in result.timings]
    assert names == [("loop", 1), ("stacked", 8), ("stacked", 16), ("stacked", 32)][: len(names)]
    assert len(names) >= 2
    assert all(timing.ms_per_model_step > 0 for timing in result.timings)
    assert (result.name, result.k) in names
    assert "loop k=1" in result.reason


def test_memory_of_a_model_grows_with_batch_and_network() -> None:
    small = bytes_per_model(DATA, recipe(batch_size=16))
    assert 1.5 * small < bytes_per_model(DATA, recipe(batch_size=64)) < 4 * small
    parameters = sum(p.nbytes for p in ARCHITECTURES["small_cnn"](1, 10).parameters())
    assert small > parameters
    assert bytes_per_model(noise(16, 1, 28, 28), recipe(architecture="small_resnet")) > 2 * small
    assert bytes_per_model(noise(5000, 1, 8, 8), recipe()) == small, "other images were counted"


def test_too_large_groups_are_halved_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    per_model = bytes_per_model(DATA, recipe())
    monkeypatch.setattr(probe_module, "available_bytes", lambda device: 9 * per_model)
    with caplog.at_level(logging.WARNING, logger="scorer"):
        assert fitting_group_size(DATA, recipe(), 32) == 8
        result = probe(DATA, recipe())
    assert [timing.k for timing in result.timings] == [1, 8]
    assert "32 models of `small_cnn` at once need" in caplog.text
    assert "trying 8" in caplog.text


def test_without_room_for_two_it_is_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_module, "available_bytes", lambda device: 0)
    result = probe(DATA, recipe())
    assert (result.name, result.k) == ("loop", 1)
    assert "no two models fit in memory" in result.reason


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("can't allocate memory: 9")],
)
def test_running_out_of_memory_halves_the_group(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = probe_module.StackedTraining

    def small_only(data: object, settings: object, seeds: list[object]) -> object:
        if len(seeds) > 4:
            raise error
        return real(data, settings, seeds)  # type: ignore[arg-type]

    monkeypatch.setattr(probe_module, "StackedTraining", small_only)
    with caplog.at_level(logging.WARNING, logger="scorer"):
        result = probe(DATA, recipe())
    assert [timing.k for timing in result.timings] == [1, 4]
    assert "8 models at once do not fit in memory; trying 4" in caplog.text


def test_other_failures_are_not_taken_for_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("the driver is gone")

    monkeypatch.setattr(probe_module, "StackedTraining", broken)
    with pytest.raises(RuntimeError, match="the driver is gone"):
        probe(DATA, recipe())


def test_a_network_that_cannot_be_stacked_takes_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        ARCHITECTURES,
        "dropping",
        lambda n_in, n_out: nn.Sequential(
            nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * n_in, n_out)
        ),
    )
    result = probe(DATA, recipe(architecture="dropping"))
    assert (result.name, result.k) == ("loop", 1)
    assert "`dropping` cannot be trained stacked" in result.reason


def test_bfloat16_on_a_cpu_takes_the_loop() -> None:
    result = probe(DATA, recipe(dtype="bfloat16"))
    assert (result.name, result.k) == ("loop", 1)
    assert "autocast" in result.reason
