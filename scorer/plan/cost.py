"""What pool and score of a task take on this machine: time, disk, memory."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

import torch

from scorer.measures.base import FULL_SIZE
from scorer.metric.rules import make_rule
from scorer.oracles.disk import model_needs, run_needs
from scorer.plan.here import Here
from scorer.plan.power import quality_seconds
from scorer.runner.run import RUNS_PER_GPU
from scorer.runner.units import N_REFERENCES
from scorer.training.paths import TRAINING_PER_GPU
from scorer.training.probe import bytes_per_model

AUDIT = 5.0
"""Times that a run takes while its multiply-adds are counted."""

QUALITIES = 400
"""Times that a score computes F: errors, ceiling and permutations; larger banks get fewer."""

BANKS = 4
"""Of the arrays beside a record: unlearned models, oracles, controls, originals."""

PROCESS_BYTES = 350 * 2**20
"""A worker with torch, before it holds anything."""

MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """What is to be made and what it takes; all but the numbers of models are estimates.

    Attributes:
        missing: models to train by role, without those that the pool has.
        n_difficulty: models to train before them, to choose the hard examples, at most.
        n_workers: processes that train.
        retraining_s: of one model by itself.
        pool_s: until all models are there.
        runs_s: of N runs that use their whole budget, with audit and timed retrainings.
        measures_s: until all numbers are there.
        disk_mib: of models, outcomes and record.
        free_mib: on the disk of the cache.
        memory_mib: of the workers that train, on their device.
        available_mib: on that device, whoever else uses it.
    """

    missing: dict[str, int]
    n_difficulty: int
    n_workers: int
    retraining_s: float
    pool_s: float
    runs_s: float
    measures_s: float
    disk_mib: float
    free_mib: float
    memory_mib: float
    available_mib: float


def cost_of(here: Here) -> Cost:
    """Return what a score takes here."""
    n_models, device = here.options.n_models, here.options.torch_device
    n_to_train = sum(here.missing.values())
    spec = {"device": device}
    # What waits for a group to be full trains with fewer workers.
    training = max(1, n_to_train), here.path.k, TRAINING_PER_GPU
    n_workers = here.engine.n_workers_for(spec, *training)
    n_running = here.engine.n_workers_for(spec, n_models, per_gpu=RUNS_PER_GPU)
    retraining_s = here.loop_s * here.n_steps("retain")
    budget_s = here.options.budget * retraining_s
    memory, available = _memory_bytes(here, n_workers)
    return Cost(
        missing=dict(here.missing),
        n_difficulty=here.n_difficulty,
        n_workers=n_workers,
        retraining_s=retraining_s,
        pool_s=_training_s(here) / n_workers,
        runs_s=((n_models + AUDIT) * budget_s + N_REFERENCES * retraining_s) / n_running,
        measures_s=_measures_s(here),
        disk_mib=_disk_bytes(here) / MIB,
        free_mib=_free_bytes(here) / MIB,
        memory_mib=memory / MIB,
        available_mib=available / MIB,
    )


def _training_s(here: Here) -> float:
    """Return the time of all models one after another."""
    n_of_retain = sum(n for role, n in here.missing.items() if role != "original")
    pool = n_of_retain * here.n_steps("retain")
    pool += here.missing.get("original", 0) * here.n_steps("train")
    difficulty = here.n_difficulty * here.n_steps("train", 0.5)
    return pool * here.step_s + difficulty * here.loop_s


def _measures_s(here: Here) -> float:
    """Return the time of all measures: nearly all of it goes into F of draws."""
    n_models, n_forget = here.options.n_models, here.n_forget
    n_qualities = QUALITIES * min(1.0, FULL_SIZE / (n_models * n_forget))
    return n_qualities * quality_seconds(n_models, n_forget, make_rule(here.options.rule))


def _disk_bytes(here: Here) -> int:
    """Return what models, outcomes of runs and the record will take."""
    task, n_models = here.task, here.options.n_models
    needs = [*model_needs(task, here.missing), *run_needs(task, n_models)]
    return sum(need.n_bytes for need in needs) + BANKS * n_models * here.n_forget * 4


def _free_bytes(here: Here) -> int:
    """Return what is free on the disk of the cache, whose folder need not be there yet."""
    cache = here.options.cache_dir
    return shutil.disk_usage(next(each for each in (cache, *cache.parents) if each.is_dir())).free


def _memory_bytes(here: Here, n_workers: int) -> tuple[int, int]:
    """Return what the workers that train take of their device's memory, and what it has."""
    models = here.path.k * bytes_per_model(here.data, here.task.definition.recipe)
    # A worker holds what it trains on, and all sets to evaluate on.
    images = here.data.images.nbytes * (1 + len(here.task.raw.labels) / len(here.data))
    if here.data.images.device.type == "cuda":
        return n_workers * int(models + images), torch.cuda.mem_get_info(here.data.images.device)[1]
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return n_workers * int(PROCESS_BYTES + models + images), total
