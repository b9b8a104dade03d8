"""What a pass costs at each batch size follows from runs at two of them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from scorer.tuning.draw import BATCH_SIZES, LARGEST_FACTOR
from scorer.tuning.probe import SAFE_SHARE, longest_lengths, probes

START = {"LEARNING_RATE": 0.4, "EPOCHS": 2.0, "BATCH_SIZE": 64, "STRENGTH": 3.0}


def record(time: float | None, compute: float | None = None, budget: float | None = 0.2) -> Any:
    """Return what is read of a record."""
    return SimpleNamespace(budget=budget, measured={"time_ratio": time, "compute_ratio": compute})


def test_probed_are_two_batch_sizes_with_rates_that_follow() -> None:
    found = probes(START)
    assert set(found) == {32, 256}
    assert found[32] == {**START, "LEARNING_RATE": 0.283, "BATCH_SIZE": 32}
    assert found[256] == {**START, "LEARNING_RATE": 0.8, "BATCH_SIZE": 256}
    without = {"EPOCHS": 2.0}
    assert probes(without) == {None: without}


def test_a_cost_a_pass_and_one_a_step_are_told_exactly() -> None:
    def cost(size: int) -> float:
        return 0.05 + 4.0 / size

    records = {size: record(cost(size), 0.04) for size in (32, 256)}
    found = longest_lengths(records, BATCH_SIZES)
    expected = {size: min(SAFE_SHARE * 0.2 / cost(size), LARGEST_FACTOR) for size in BATCH_SIZES}
    assert found == pytest.approx(expected)


def test_the_dearer_meter_decides() -> None:
    records = {32: record(0.4, 0.1), 256: record(0.05, 0.1)}
    found = longest_lengths(records, BATCH_SIZES)
    assert found[32] == pytest.approx(SAFE_SHARE * 0.2 / 0.4)
    assert found[256] == pytest.approx(SAFE_SHARE * 0.2 / 0.1)


def test_a_smaller_batch_that_seemed_cheaper_is_not_taken_to_be() -> None:
    found = longest_lengths({32: record(0.10), 256: record(0.11)}, BATCH_SIZES)
    assert set(found.values()) == {SAFE_SHARE * 0.2 / 0.11}


def test_a_probe_that_failed_tells_nothing_and_without_any_lengths_stay() -> None:
    half = longest_lengths({32: record(None), 256: record(0.1)}, BATCH_SIZES)
    assert set(half.values()) == {SAFE_SHARE * 0.2 / 0.1}
    none = longest_lengths({32: record(None), 256: record(None)}, BATCH_SIZES)
    assert set(none.values()) == {1.0}
    unlimited = longest_lengths({None: record(0.1, budget=None)}, [None])
    assert unlimited == {None: 1.0}
    assert all(map(math.isfinite, [*half.values(), *none.values()]))
