"""Everything to know of training on one GPU, in one call: paths, floors, a real pool.

Written for CUDA and not yet run on it; its arithmetic is tested on a CPU.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from data_prep import MissingData
from scorer.bench._data import training_data
from scorer.bench._floors import measure_peaks, step_cost
from scorer.bench._loops import kit_steps, plain_steps, repeat, tensor_batches
from scorer.bench._timing import Candidate, Floats, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.bench.scaling import add_pools
from scorer.engines import LocalEngine
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.training.loop import TrainingSet
from scorer.training.paths import TrainingPath, device_slug
from scorer.training.probe import ENDLESS_EPOCHS, available_bytes, bytes_per_model
from scorer.training.stacked import NotStackable
from scorer.training.step import WARM_UP_STEPS, training_settings

GPU_TASKS = ("cifar10", "cifar10-resnet18")
POOL_TASK = "cifar10"
GROUP_SIZES = (4, 16, 64, 256)
N_POOL_MODELS = 16
TURN_S = 0.5

COMPILE = {"mode": "reduce-overhead"}
"""Arguments of `nn.Module.compile`: kernels fused, and launched from CUDA graphs."""


def run(settings: Settings) -> Report:
    """Measure on the CUDA device of this machine.

    Raises:
        ScorerError: there is none.
    """
    if not torch.cuda.is_available():
        raise ScorerError(
            "bench gpu needs a CUDA device, found none; run it on a machine that has one"
        )
    device = torch.device("cuda")
    report = BENCH.report(settings, device_slug(device))
    flops_per_s, bytes_per_s = measure_peaks(device, settings.rounds)
    report.add("bfloat16 matrix product", "TFLOP/s", flops_per_s / 1e12, "matmul_tflop_per_s")
    report.add("copy, read and written", "GB/s", bytes_per_s / 1e9, "copy_gb_per_s")
    speeds = float(np.median(flops_per_s)), float(np.median(bytes_per_s))
    for name in GPU_TASKS:
        measure_task(report, settings, TASKS[name], device, speeds)
    report.notes.append(
        "floor: the larger of operations over the matrix product and bytes over the copy; bytes"
        " count weights and optimiser state, and what is kept for the way back written and read"
        " once; a float32 recipe cannot reach the bfloat16 product"
    )
    options = Options(
        task=POOL_TASK,
        n_models=N_POOL_MODELS,
        device="cuda",
        cache_dir=settings.cache_dir,
        data_dir=settings.data_dir,
    )
    try:
        add_pools(report, replace(settings, rounds=1), options, {"local": LocalEngine}, (1,))
    except MissingData as error:
        report.notes.append(f"no pool was trained: {error}")
    return report


def measure_task(
    report: Report,
    settings: Settings,
    definition: TaskDefinition,
    device: torch.device,
    speeds: tuple[float, float],
    *,
    group_sizes: Sequence[int] = GROUP_SIZES,
    n_examples: int | None = None,
    turn_s: float = TURN_S,
    compile_options: Mapping[str, Any] = COMPILE,
) -> None:
    """Time the ways to train a task's models, each in turns with a graph, against their floor.

    They are the plain loop, the loop with a compiled network, the loop as a CUDA graph, and
    stacked groups. What fails is left out, and the report says why.

    Args:
        report: added to.
        settings: how many rounds, and where data lie; data that are not there are drawn at random.
        definition: its recipe is used.
        device: where.
        speeds: of that device: operations and bytes a second, as `measure_peaks` measures them.
        group_sizes: models trained at once.
        n_examples: train on so many only; None for as many as the task retains.
        turn_s: about how long a turn takes.
        compile_options: see `COMPILE`.
    """
    task, recipe = definition.name, definition.recipe
    data, source = training_data(definition, settings.data_dir, n_examples)
    report.notes.append(f"{task}: {source}")
    data = TrainingSet(data.images.to(device), data.labels.to(device), data.n_classes)
    floor_s, bound = max((s, kind) for kind, s in step_cost(data, recipe).least_s(*speeds).items())
    report.add(f"{task}, floor of a model-step: {bound}", "ms", 1e3 * floor_s, f"{task}_floor_ms")
    plain, stacked = partial(_plain, data, definition), partial(_kit, data, definition)
    ways: dict[str, tuple[int, Callable[[], Candidate]]] = {
        "loop": (1, plain),
        "compile": (1, partial(plain, compile_options)),
        **{f"stacked k={k}": (k, partial(stacked, k)) for k in group_sizes},
    }
    needed, room = bytes_per_model(data, recipe), available_bytes(device)
    rates: dict[str, Floats] = {}
    for name, (k, make) in ways.items():
        if k * needed > room:
            reason = f"needs about {k * needed >> 20} MiB, there are {room >> 20}"
            report.notes.append(f"{task}, {name}: skipped, {reason}")
            continue
        try:
            # No name holds the candidates, so that their memory is free before the next are made.
            with training_settings(device):
                turns = alternate(
                    {"graph": stacked(1), name: make()},
                    settings.rounds,
                    turn_s,
                    on_round=settings.on_round,
                )
        except (RuntimeError, NotStackable) as error:
            report.notes.append(f"{task}, {name}: skipped, {str(error).splitlines()[0]}")
            continue
        finally:
            gc.collect()
            torch.cuda.empty_cache()
        rates.setdefault("graph", turns["graph"].rates)
        rates[name] = turns[name].rates
        faster = rates[name] / turns["graph"].rates
        report.add(f"{task}, {name} over graph", "times faster", faster, f"{task}_{name}_ratio")
    for name, each in rates.items():
        report.add(f"{task}, {name}", "model-steps/s", each, f"{task}_{name}_model_steps_per_s")
        title = f"{task}, {name}, of the floor's speed"
        report.add(title, "%", 100 * floor_s * each, f"{task}_{name}_percent_of_floor")


def _kit(data: TrainingSet, definition: TaskDefinition, k: int) -> Candidate:
    """Return the kit's path with k models: as a CUDA graph where the device has them."""
    device, recipe = data.images.device, definition.recipe
    path = TrainingPath("stacked" if k > 1 else "loop", k, device_slug(device), recipe.dtype)
    # The capture of a graph is past before anything is timed.
    make = repeat(kit_steps(data, recipe, path).__next__, device)
    make(WARM_UP_STEPS + 2)
    return Candidate(make, k, recipe.n_steps(len(data)))


def _plain(
    data: TrainingSet,
    definition: TaskDefinition,
    compile_options: Mapping[str, Any] | None = None,
) -> Candidate:
    """Return one model, nothing stacked, no graph of the whole step, compiled where asked for."""
    # Without end, so that a turn does not compile the next model's network.
    recipe = replace(definition.recipe, epochs=ENDLESS_EPOCHS)
    steps = plain_steps(data, recipe, tensor_batches(data, recipe), compile_options)
    make = repeat(steps.__next__, data.images.device)
    make(WARM_UP_STEPS)
    return Candidate(make)


BENCH = Bench(
    "gpu", "loop, compiled, graph and stacked training against their floors; needs CUDA", run
)
