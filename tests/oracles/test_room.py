"""What a task needs is measured on its own data, and the engines' workers follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from scorer.engines.base import Emit, Engine, Spec
from scorer.errors import ScorerError
from scorer.oracles import room
from scorer.oracles.pool import Pool
from scorer.oracles.room import GIVEN, RUNS_PER_GPU, memory_of, needs_of, runs_plan, training_plan
from scorer.secret import PUBLIC_SECRET
from scorer.tasks.task import Task
from scorer.training.memory import CONTEXT_BYTES, PROCESS_BYTES, Memory
from scorer.training.paths import TrainingPath

CPU = torch.device("cpu")
GIB = 2**30


class Recording(Engine):
    """Runs nothing and remembers what it was asked to."""

    specs: Sequence[Spec] = ()

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        self.specs = specs


def engine_of(n_cores: int, gpus: Sequence[int] = (), n_workers: int | None = None) -> Recording:
    """Return an engine on a machine of so many processors."""
    engine = Recording(n_workers, gpus)
    if n_workers is None:
        engine.n_workers = n_cores
    return engine


@pytest.fixture
def gpu_of_80_gb(monkeypatch: pytest.MonkeyPatch, tiny_task: Task) -> None:
    """Let every device be a GPU of 80 GB, and the needs those of the tiny task on one."""
    needs = replace(needs_of(tiny_task, CPU, GIVEN), process=CONTEXT_BYTES)
    monkeypatch.setattr(room, "memory_of", lambda device: Memory(80 * GIB, 79 * GIB))
    monkeypatch.setattr(room, "needs_of", lambda task, device, sets: needs)


def test_needs_follow_the_sizes_of_the_sets(tiny_task: Task) -> None:
    needs = needs_of(tiny_task, CPU, ["retain"])
    example = 8 * 8 * 4 + 8
    assert needs.data == (300 - 50 - 20) * example
    assert needs.evaluation == len(tiny_task.raw.labels) * example
    both = needs_of(tiny_task, CPU, ["retain", "train"])
    assert both.data == needs.data + (300 - 50) * example
    assert (both.model, both.forward) == (needs.model, needs.forward)
    assert needs.process == PROCESS_BYTES + tiny_task.raw.images.nbytes


def test_the_memory_of_a_machine_is_that_of_its_processes() -> None:
    found = memory_of(CPU)
    assert 0 < found.free <= found.total


@pytest.mark.usefixtures("gpu_of_80_gb")
@pytest.mark.parametrize(("gpus", "n_workers", "k"), [((0,), 1, 64), ((0, 1), 2, 32)])
def test_a_gpu_has_one_worker_that_trains_on_any_number_of_cores(
    tiny_task: Task, gpus: tuple[int, ...], n_workers: int, k: int
) -> None:
    plan = training_plan(tiny_task, "cuda", engine_of(16, gpus), n_models=64, k=64, sets=["retain"])
    assert (plan.n_workers, plan.per_device, plan.k) == (n_workers, 1, k)
    asked = engine_of(16, gpus, n_workers=6)
    more = training_plan(tiny_task, "cuda", asked, n_models=64, k=64, sets=["retain"])
    assert (more.n_workers, more.k) == (6, 11)


@pytest.mark.usefixtures("gpu_of_80_gb")
def test_runs_share_a_gpu_up_to_what_it_serves_well(tiny_task: Task) -> None:
    plan, _ = runs_plan(tiny_task, "cuda", engine_of(16, (0,)), n_runs=64)
    assert (plan.n_workers, plan.per_device) == (RUNS_PER_GPU, RUNS_PER_GPU)
    plan, _ = runs_plan(tiny_task, "cuda", engine_of(16, (0, 1)), n_runs=64)
    assert (plan.n_workers, plan.per_device) == (2 * RUNS_PER_GPU, RUNS_PER_GPU)


def test_a_pool_is_shared_as_planned(
    tiny_task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = TrainingPath("stacked", 8, "cpu", "float32")
    pool = Pool(tiny_task, path, "cpu", tmp_path, PUBLIC_SECRET)
    units = [("oracle", index) for index in range(40)]
    worker = needs_of(tiny_task, CPU, ["retain"]).worker(1)
    # 2.5 workers of one model each fit into the share that is planned with.
    monkeypatch.setattr(room, "memory_of", lambda device: Memory(4 * worker, 25 * worker // 8))
    engine = engine_of(16)
    pool.train(units, engine, lambda *_: None)
    assert len(engine.specs) == 2
    monkeypatch.undo()
    engine = engine_of(4)
    pool.train(units, engine, lambda *_: None)
    assert [spec["group_size"] for spec in engine.specs] == [8] * 4
    monkeypatch.setattr(room, "memory_of", lambda device: Memory(4 * worker, worker))
    with pytest.raises(ScorerError, match="training must have about"):
        pool.train(units, engine_of(16), lambda *_: None)
