"""Everything to know of training on one GPU, in one call: paths, floors, a real pool.

Written for CUDA and not yet run on it; its arithmetic is tested on a CPU.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from data_prep import MissingData, choose_forget, load_raw, partition
from scorer.bench._floors import Peaks, measure_peaks, step_cost, wait_for
from scorer.bench.base import Bench, Settings
from scorer.bench.data import training_data
from scorer.bench.loops import device_batches, kit_steps
from scorer.bench.report import Report
from scorer.bench.timing import Candidate, Turns, alternate, ratios
from scorer.engines import make_engine
from scorer.errors import ScorerError
from scorer.oracles.pool import Pool
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.task import Task
from scorer.training.loop import ModelSeeds, TrainingSet, initial_model, optimise
from scorer.training.paths import TrainingPath, choose_path, device_slug
from scorer.training.probe import available_bytes, bytes_per_model
from scorer.training.stacked import NotStackable
from scorer.training.step import WARM_UP_STEPS, training_settings

GPU_TASKS = ("cifar10", "cifar10-resnet18")
POOL_TASK = "cifar10"
GROUP_SIZES = (4, 16, 64, 256)
N_POOL_MODELS = 16
TURN_S = 0.5

COMPILE: dict[str, Any] = {"mode": "reduce-overhead"}
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
    return measure(
        settings, torch.device("cuda"), measure_peaks(torch.device("cuda"), settings.rounds)
    )


def measure(
    settings: Settings,
    device: torch.device,
    peaks: Peaks,
    *,
    tasks: Sequence[str] = GPU_TASKS,
    group_sizes: Sequence[int] = GROUP_SIZES,
    pool_task: str = POOL_TASK,
    n_pool_models: int = N_POOL_MODELS,
    n_examples: int | None = None,
    turn_s: float = TURN_S,
) -> Report:
    """Time the ways to train each task's models against their floors; then train a pool.

    They are the plain loop, the loop with a compiled network, the loop as a CUDA graph, and
    stacked groups. What fails is left out, and the report says why.

    Args:
        settings: how many rounds, and where data lie.
        device: where.
        peaks: of that device.
        tasks: their recipes; data that are not there are drawn at random.
        group_sizes: models trained at once.
        pool_task: of the real pool; without its data there is none.
        n_pool_models: in the pool.
        n_examples: train on so many only; None for as many as the task retains.
        turn_s: about how long a turn takes.
    """
    report = Report("gpu", BENCH.command("", settings.rounds), device_slug(device))
    tera = [speed / 1e12 for speed in peaks.flops_per_s]
    giga = [speed / 1e9 for speed in peaks.bytes_per_s]
    report.add("bfloat16 matrix product", "TFLOP/s", tera, "matmul_tflop_per_s")
    report.add("copy, read and written", "GB/s", giga, "copy_gb_per_s")
    report.values["tasks"] = {}
    with training_settings(device):
        for number, name in enumerate(tasks):
            definition = TASKS[name]
            data, source = training_data(definition, settings.data_dir, n_examples)
            data = TrainingSet(data.images.to(device), data.labels.to(device), data.n_classes)
            report.notes.append(f"{name}: {source}")
            measured = _measure_task(settings, report, definition, data, peaks, group_sizes, turn_s)
            report.values["tasks"][name] = measured
            settings.progress("bench", number + 1, len(tasks) + 1)
    report.notes.append(
        "floor: the larger of operations over the matrix product and bytes over the copy; bytes"
        " count weights and optimiser state, and what is kept for the way back written and read"
        " once; a float32 recipe cannot reach the bfloat16 product"
    )
    _measure_pool(settings, report, device, pool_task, n_pool_models)
    settings.progress("bench", len(tasks) + 1, len(tasks) + 1)
    return report


def _measure_task(
    settings: Settings,
    report: Report,
    definition: TaskDefinition,
    data: TrainingSet,
    peaks: Peaks,
    group_sizes: Sequence[int],
    turn_s: float,
) -> dict[str, Any]:
    """Add the paths of one task, each in turns with the graph, and return them by name."""
    recipe, device = definition.recipe, data.images.device
    cost = step_cost(data, recipe)
    speeds = statistics.median(peaks.flops_per_s), statistics.median(peaks.bytes_per_s)
    floor_s = cost.floor_s(*speeds)
    found: dict[str, Any] = {
        "flops_per_model_step": cost.flops,
        "bytes_per_model_step": cost.n_bytes,
        "floor_ms": 1e3 * floor_s,
        "floor_bound": cost.bound(*speeds),
        "steps_per_model": recipe.n_steps(len(data)),
        "paths": {},
        "skipped": {},
    }
    rivals: list[tuple[str, int, Callable[[], Candidate]]] = [
        ("loop", 1, lambda: _plain(data, definition)),
        ("compile", 1, lambda: _plain(data, definition, compiled=True)),
    ]
    rivals += [(f"stacked k={k}", k, partial(_kit, data, definition, k)) for k in group_sizes]
    needed, room = bytes_per_model(data, recipe), available_bytes(device)
    for name, k, make in rivals:
        if k * needed > room:
            found["skipped"][name] = f"needs about {k * needed >> 20} MiB, there are {room >> 20}"
            continue
        try:
            graph, other = alternate([_kit(data, definition, 1), make()], settings.rounds, turn_s)
        except (RuntimeError, NotStackable) as error:
            found["skipped"][name] = str(error).splitlines()[0]
            continue
        finally:
            release(device)
        if "graph" not in found["paths"]:
            found["paths"]["graph"] = _add(report, definition.name, "graph", graph, floor_s)
        found["paths"][name] = _add(report, definition.name, name, other, floor_s)
        faster = ratios(other, graph)
        title = f"{definition.name}, {name} over graph"
        found["paths"][name]["ratio_vs_graph"] = report.add(title, "times faster", faster)
    for name, reason in found["skipped"].items():
        report.notes.append(f"{definition.name}, {name}: skipped, {reason}")
    return found


def _add(report: Report, task: str, name: str, turns: Turns, floor_s: float) -> dict[str, float]:
    """Add model-steps a second and their share of what the floor allows."""
    rate = report.add(f"{task}, {name}", "model-steps/s", turns.rates)
    shares = [100.0 * floor_s * each for each in turns.rates]
    share = report.add(f"{task}, {name}, of the floor's speed", "%", shares)
    return {"model_steps_per_s": rate, "percent_of_floor": share}


def _kit(data: TrainingSet, definition: TaskDefinition, k: int) -> Candidate:
    """Return the kit's path with k models: as a CUDA graph where the device has them."""
    path = TrainingPath(
        "stacked" if k > 1 else "loop", k, device_slug(data.images.device), definition.recipe.dtype
    )
    steps = kit_steps(data, definition.recipe, path, first_index=0)
    n_steps = definition.recipe.n_steps(len(data))
    return Candidate(path.name, _warm_steps(steps, data.images.device), k, n_steps)


def _warm_steps(steps: Iterator[None], device: torch.device) -> Callable[[int], None]:
    """Return a function that makes steps and waits for them, past the capture of a graph."""

    def advance(n_steps: int) -> None:
        for _ in islice(steps, n_steps):
            pass
        wait_for(device)

    advance(WARM_UP_STEPS + 2)
    return advance


def _plain(data: TrainingSet, definition: TaskDefinition, *, compiled: bool = False) -> Candidate:
    """Return one model after another, nothing stacked, no graph of the whole step.

    Kernel by kernel, or with the network's forward and backward pass compiled.
    """
    recipe, device = definition.recipe, data.images.device
    net = initial_model(data, recipe, ModelSeeds(0, 0, 0))
    if compiled:
        net.compile(**COMPILE)
    batches = device_batches(data, recipe, ModelSeeds(0, 0, 0))
    weight = data.class_weight(recipe.class_weights)

    def advance(n_steps: int) -> None:
        optimise(net, islice(batches, n_steps), recipe, n_steps, weight)
        wait_for(device)

    advance(WARM_UP_STEPS)
    return Candidate("compile" if compiled else "loop", advance)


def release(device: torch.device) -> None:
    """Give back the memory of trainings that nobody holds any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def _measure_pool(
    settings: Settings, report: Report, device: torch.device, task_name: str, n_models: int
) -> None:
    """Train a pool as `oracles` does and add its time and accuracy, where the data are there."""
    definition = TASKS[task_name]
    try:
        raw = load_raw(definition.dataset, settings.data_dir)
    except MissingData as error:
        report.notes.append(f"no pool was trained: {error}")
        return
    parts = partition(raw, definition.n_val, definition.n_test, 0)
    # Which examples are forgotten changes no time, so their difficulty is not measured first.
    n_forget = definition.forget.size
    task = Task(definition, 0, raw, choose_forget(parts, raw.labels, None, 0, n_forget, 0))
    with tempfile.TemporaryDirectory() as folder:
        data = task.training_set("retain", device)
        path = choose_path(data, definition.recipe, settings.cache_dir)
        del data
        release(device)
        pool = Pool(task, path, device.type, Path(folder))
        start = time.perf_counter()
        bank = pool.banks({"oracle": n_models}, make_engine("local", 1))["oracle"]
        elapsed_s = time.perf_counter() - start
    accuracy = [100.0 * float(one) for one in bank.accuracy("test")]
    name = f"{task_name}, pool of {n_models}, {path.name} k={path.k}"
    report.values["pool"] = {
        "task": task_name,
        "n_models": n_models,
        "path": path.name,
        "k": path.k,
        "elapsed_s": report.add(f"{name}, start-up and evaluation included", "s", [elapsed_s]),
        "models_per_s": report.add(name, "models/s", [n_models / elapsed_s]),
        "test_accuracy_percent": report.add(f"{name}, test accuracy", "%", accuracy),
    }
    report.notes.append(f"pool: one worker process, random forget set, {raw.source}")


BENCH = Bench(
    "gpu", "loop, compiled, graph and stacked training against their floors; needs CUDA", run
)
