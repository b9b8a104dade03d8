"""What pool and score of a task take on this machine: time, disk, memory."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import torch

from scorer.measures.base import FULL_SIZE
from scorer.metric.rules import make_rule
from scorer.oracles.disk import bank_needs, model_needs, run_needs
from scorer.oracles.room import memory_of, runs_plan, set_of, training_plan
from scorer.plan.here import Here
from scorer.plan.power import quality_seconds
from scorer.runner.units import N_REFERENCES

AUDIT = 5.0
"""Times that a run takes while its multiply-adds are counted."""

QUALITIES = 400
"""Times that a score computes F: errors, ceiling and permutations; larger banks get fewer."""

BANKS = 4
"""Of the arrays beside a record: unlearned models, oracles, controls, originals."""

MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """What is to be made and what it takes; all but the numbers of models are estimates.

    Attributes:
        missing: models to train by role, without those that the pool has.
        n_difficulty: models to train before them, to choose the hard examples, at most.
        n_workers: processes that train.
        k: models that each of them trains at once, at most.
        n_running: processes that run submissions.
        retraining_s: of one model by itself.
        pool_s: until all models are there.
        runs_s: of N runs that use their whole budget, with audit and timed retrainings.
        measures_s: until all numbers are there.
        disk_mib: of models, outcomes, record, and large banks while a score is made.
        free_mib: on the disk of the cache.
        worker_mib: memory of each worker that trains.
        memory_mib: of all those on one device.
        run_mib: memory of each worker that runs submissions, where a run does as much as training.
        available_mib: that is free on a device now.
    """

    missing: dict[str, int]
    n_difficulty: int
    n_workers: int
    k: int
    n_running: int
    retraining_s: float
    pool_s: float
    runs_s: float
    measures_s: float
    disk_mib: float
    free_mib: float
    worker_mib: float
    memory_mib: float
    run_mib: float
    available_mib: float


def cost_of(here: Here) -> Cost:
    """Return what a score takes here.

    Raises:
        ScorerError: memory does not hold one model or one run, or not the workers asked for.
    """
    n_models, device = here.options.n_models, here.options.torch_device
    n_to_train = max(1, sum(here.missing.values()))
    sets = {set_of(role) for role in here.missing}
    training = training_plan(
        here.task, device, here.engine, n_models=n_to_train, k=here.path.k, sets=sets
    )
    runs, _ = runs_plan(here.task, device, here.engine, n_runs=n_models)
    retraining_s = here.loop_s * here.n_steps("retain")
    budget_s = here.options.budget * retraining_s
    return Cost(
        missing=dict(here.missing),
        n_difficulty=here.n_difficulty,
        n_workers=training.n_workers,
        k=training.k,
        n_running=runs.n_workers,
        retraining_s=retraining_s,
        pool_s=_training_s(here, training.k) / training.n_workers,
        runs_s=((n_models + AUDIT) * budget_s + N_REFERENCES * retraining_s) / runs.n_workers,
        measures_s=_measures_s(here),
        disk_mib=_disk_bytes(here) / MIB,
        free_mib=_free_bytes(here) / MIB,
        worker_mib=training.worker_bytes / MIB,
        memory_mib=training.per_device * training.worker_bytes / MIB,
        run_mib=runs.worker_bytes / MIB,
        available_mib=memory_of(torch.device(device)).free / MIB,
    )


def _training_s(here: Here, k: int) -> float:
    """Return the time of all models one after another, `k` at once."""
    n_of_retain = sum(n for role, n in here.missing.items() if role != "original")
    pool = n_of_retain * here.n_steps("retain")
    pool += here.missing.get("original", 0) * here.n_steps("train")
    difficulty = here.n_difficulty * here.n_steps("train", 0.5)
    return pool * here.step_s(k) + difficulty * here.loop_s


def _measures_s(here: Here) -> float:
    """Return the time of all measures: nearly all of it goes into F of draws."""
    n_models, n_forget = here.options.n_models, here.n_forget
    n_qualities = QUALITIES * min(1.0, FULL_SIZE / (n_models * n_forget))
    return n_qualities * quality_seconds(n_models, n_forget, make_rule(here.options.rule))


def _disk_bytes(here: Here) -> int:
    """Return what models, outcomes of runs, the record, and large banks meanwhile will take."""
    task, n_models = here.task, here.options.n_models
    needs = [*model_needs(task, here.missing), *run_needs(task, n_models)]
    needs += bank_needs(task, {**here.wanted, "runs": n_models})
    return sum(need.n_bytes for need in needs) + BANKS * n_models * here.n_forget * 4


def _free_bytes(here: Here) -> int:
    """Return what is free on the disk of the cache, whose folder need not be there yet."""
    cache = here.options.cache_dir
    return shutil.disk_usage(next(each for each in (cache, *cache.parents) if each.is_dir())).free
