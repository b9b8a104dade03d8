"""What memory a task's models and runs need on a device, measured, and the plans that follow."""

from __future__ import annotations

from collections.abc import Collection

import torch

from scorer.engines.base import Engine
from scorer.limits import free_memory_bytes, memory_bytes
from scorer.tasks.task import SETS, Task
from scorer.training.loop import TrainingSet
from scorer.training.memory import (
    CONTEXT_BYTES,
    PROCESS_BYTES,
    Memory,
    Needs,
    RunsPlan,
    TrainingPlan,
    plan_runs,
    plan_training,
)
from scorer.training.paths import TRAINING_PER_GPU
from scorer.training.probe import training_and_forward_bytes

RUNS_PER_GPU = 4
"""Workers that run submissions on one GPU where nobody says how many and memory allows it: runs are
timed, and more of them wait for each other."""

FLOAT_BYTES = 4
LABEL_BYTES = 8

GIVEN = ("retain", "forget", "val")
"""Sets that a run is given."""


def set_of(role: str) -> str:
    """Return the set that models of a role are trained on."""
    return "train" if role == "original" else "retain"


def memory_of(device: torch.device) -> Memory:
    """Return the memory of a device: of several GPUs the current one stands for all."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return Memory(total, free)
    return Memory(memory_bytes(), free_memory_bytes())


def needs_of(task: Task, device: torch.device, sets: Collection[str]) -> Needs:
    """Return what a worker needs, from a forward pass of one untrained model on one batch.

    Args:
        task: whose models are trained and evaluated.
        device: what they are computed on.
        sets: whose examples a worker holds to train on.
    """
    recipe, raw = task.definition.recipe, task.raw
    indices = task.indices("retain")[: recipe.batch_size]
    images = torch.from_numpy(raw.normalised(indices)).to(device, memory_format=torch.channels_last)
    labels = torch.from_numpy(raw.labels[indices]).to(device)
    model, forward = training_and_forward_bytes(TrainingSet(images, labels, task.n_classes), recipe)
    example = FLOAT_BYTES * images[0].numel() + LABEL_BYTES
    if device.type == "cuda":
        process = CONTEXT_BYTES
        # What this process freed is still its own, and the workers are others.
        torch.cuda.empty_cache()
    else:
        process = PROCESS_BYTES + raw.images.nbytes
    data, evaluation = (sum(len(task.indices(n)) for n in names) for names in (sets, SETS))
    return Needs(process, data * example, evaluation * example, model, forward)


def training_plan(
    task: Task, device: str, engine: Engine, *, n_models: int, k: int, sets: Collection[str]
) -> TrainingPlan:
    """Return which workers of an engine train.

    Args:
        task: whose models are trained.
        device: "cpu" or "cuda".
        engine: where they run.
        n_models: to train.
        k: models at once that are fastest.
        sets: that they are trained on.

    Raises:
        ScorerError: the memory does not hold one model, or not the workers that a user asked for.
    """
    spec, where = {"device": device}, torch.device(device)
    n_devices, needs = engine.n_devices(spec), needs_of(task, where, sets)
    most = engine.n_workers_for(spec, n_models, TRAINING_PER_GPU)
    return plan_training(
        memory_of(where),  # after what was measured has been given back
        needs,
        n_models=n_models,
        k=k,
        most_per_device=-(-most // n_devices),
        n_devices=n_devices,
        is_chosen=engine.is_chosen,
    )


def runs_plan(task: Task, device: str, engine: Engine, *, n_runs: int) -> tuple[RunsPlan, Needs]:
    """Return which workers of an engine run submissions, and what each needs.

    Args:
        task: whose models submissions change.
        device: "cpu" or "cuda".
        engine: where they run.
        n_runs: to make.

    Raises:
        ScorerError: the memory does not hold one run, or not the workers that a user asked for.
    """
    spec, where = {"device": device}, torch.device(device)
    n_devices, needs = engine.n_devices(spec), needs_of(task, where, GIVEN)
    most = engine.n_workers_for(spec, n_runs, RUNS_PER_GPU)
    plan = plan_runs(
        memory_of(where),
        needs,
        n_runs=n_runs,
        most_per_device=-(-most // n_devices),
        n_devices=n_devices,
        is_chosen=engine.is_chosen,
    )
    return plan, needs
