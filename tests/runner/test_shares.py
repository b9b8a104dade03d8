"""What a run may take of a GPU and of the machine, from what its worker was told."""

from __future__ import annotations

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from scorer.engines.base import Spec
from scorer.errors import ScorerError
from scorer.limits import memory_bytes
from scorer.runner import shard
from scorer.runner.requests import Given
from scorer.runner.shard import memory_per_worker_mib, start_host
from scorer.tasks.task import Task
from scorer.training.memory import CONTEXT_BYTES, Needs

GIB, MIB = 2**30, 2**20
NEEDS = Needs(CONTEXT_BYTES, 300 * MIB, 400 * MIB, 500 * MIB, 112 * MIB)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Let there be a GPU of 80 GB, and no host; return the settings of those that would be."""
    settings: list[dict[str, Any]] = []
    card = SimpleNamespace(total_memory=80 * GIB)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    monkeypatch.setattr(shard, "SubmissionHost", lambda **each: settings.append(each["settings"]))
    return settings


def spec_of(task: Task, device: str, n_sharing: int) -> tuple[Given, Spec]:
    """Return what a shard of so many on one device is told."""
    given = Given(task.indices("forget"), True, False, "", None)
    return given, {
        "device": device,
        "sandbox": "process",
        "timeout_s": 9.0,
        "n_workers": n_sharing,
        "n_sharing": n_sharing,
        "available_bytes": 72 * GIB,
        "needs": asdict(NEEDS),
    }


@pytest.mark.parametrize("n_sharing", [1, 2, 4])
def test_runs_get_what_their_workers_leave_of_a_gpu(
    tiny_task: Task, told: list[dict[str, Any]], n_sharing: int
) -> None:
    start_host(tiny_task, *spec_of(tiny_task, "cuda", n_sharing))
    # Two contexts of half a GiB, and half a GiB to evaluate with.
    expected = (72 / n_sharing - 1.5) / 80
    assert told[0]["gpu_share"] == pytest.approx(expected)
    assert told[0]["memory_mib"] == memory_per_worker_mib(n_sharing)


def test_too_many_workers_leave_a_run_nothing(tiny_task: Task, told: list[dict[str, Any]]) -> None:
    with pytest.raises(ScorerError, match=r"for 64 workers nothing is left .* fewer --workers"):
        start_host(tiny_task, *spec_of(tiny_task, "cuda", 64))
    assert not told


def test_without_a_gpu_nothing_of_one_is_shared(
    tiny_task: Task, told: list[dict[str, Any]]
) -> None:
    start_host(tiny_task, *spec_of(tiny_task, "cpu", 64))
    assert told[0]["gpu_share"] == 1.0


def test_runs_share_what_the_group_of_this_process_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert memory_per_worker_mib(2) == pytest.approx(0.4 * memory_bytes() / MIB)
    monkeypatch.setattr(shard, "memory_bytes", lambda: GIB)
    assert memory_per_worker_mib(4) == pytest.approx(0.2 * 1024)
