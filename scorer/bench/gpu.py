"""Everything to know of training on one GPU, in one call: paths, floors, a real pool.

Each task is measured in a process of its own: a kernel that fails ends all CUDA work of its
process. The arithmetic is tested on a CPU.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_prep import MissingData
from scorer.bench import _loops as loops
from scorer.bench._timing import Candidate, Clock, Floats, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.bench.floors import GPU_TASKS, step_cost
from scorer.engines.base import no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.training.loop import TrainingSet
from scorer.training.paths import TRAINING_PER_GPU, TrainingPath, device_slug
from scorer.training.probe import ENDLESS_EPOCHS, HOPELESS, available_bytes, bytes_per_model
from scorer.training.stacked import NotStackable
from scorer.training.step import WARM_UP_STEPS, training_settings

GROUP_SIZES = (4, 16, 64, 256)
PEAK_TURN_S, TURN_S = 0.2, 0.5
PEAK_SIZE = 8192

COMPILE: Mapping[str, Any] = {}
"""Arguments of `nn.Module.compile`: kernels are fused and launched one by one. With mode
"reduce-overhead", whose graphs live beside that of the kit, torch 2.11 read illegal addresses."""

N_POOL_MODELS = 16

NOTE = (
    "floor: the larger of operations over the matrix product and bytes over the copy; bytes"
    " count weights and optimiser state, and what is kept for the way back written and read"
    " once; a float32 recipe cannot reach the bfloat16 product"
)


def run(settings: Settings) -> Report:
    """Measure on the CUDA device of this machine.

    Raises:
        ScorerError: there is none.
    """
    needs_cuda()
    device = torch.device("cuda")
    report = BENCH.report(settings, device_slug(device))
    add_peaks(report, device, settings.rounds)
    speeds = speeds_of(report.values)
    quiet = replace(settings, progress=no_progress)
    for name in GPU_TASKS:
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            report.join(apart.submit(measure_task, quiet, TASKS[name], device, speeds).result())
    report.notes.append(NOTE)
    try:
        add_pool(report, settings)
    except MissingData as error:
        report.notes.append(f"no pool was trained: {error}")
    return report


def needs_cuda() -> None:
    """Raise where there is no CUDA device.

    Raises:
        ScorerError: there is none.
    """
    if not torch.cuda.is_available():
        raise ScorerError(
            "bench gpu needs a CUDA device, found none; run it on a machine that has one"
        )


def add_pool(report: Report, settings: Settings) -> None:
    """Add how fast a real pool grows from nothing, once, and how good its models are.

    Raises:
        MissingData: the images are not there.
    """
    options = Options(
        task=GPU_TASKS[0],
        n_models=N_POOL_MODELS,
        device="cuda",
        cache_dir=settings.cache_dir,
        data_dir=settings.data_dir,
    )
    pool, engine = open_pool(options, settings.progress)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        wanted = {"oracle": N_POOL_MODELS}
        bank = replace(pool, cache_dir=Path(folder)).banks(wanted, engine)["oracle"]
        seconds = time.perf_counter() - start
    name, per_minute = f"{options.task}, pool of {N_POOL_MODELS}", 60 * N_POOL_MODELS / seconds
    report.add(f"{name}, start of the workers included", "models/min", per_minute)
    report.add(f"{name}, test accuracy", "%", 100 * bank.accuracy("test"), "pool_accuracy_percent")
    report.notes.append(
        f"pool: {options.task}, {pool.path.name} k={pool.path.k}, {TRAINING_PER_GPU} a GPU at once;"
        " trained once; n of its accuracy is the number of models"
    )


def add_peaks(report: Report, device: torch.device, rounds: int, *, size: int = PEAK_SIZE) -> None:
    """Add how fast a device multiplies and copies, see `measure_peaks`."""
    flops_per_s, bytes_per_s = measure_peaks(device, rounds, size=size)
    report.add("bfloat16 matrix product", "TFLOP/s", flops_per_s / 1e12, "matmul_tflop_per_s")
    report.add("copy, read and written", "GB/s", bytes_per_s / 1e9, "copy_gb_per_s")


def speeds_of(values: Mapping[str, Any]) -> tuple[float, float]:
    """Return operations and bytes a second from the values that `add_peaks` added."""
    return 1e12 * values["matmul_tflop_per_s"], 1e9 * values["copy_gb_per_s"]


def measure_peaks(
    device: torch.device, rounds: int, *, size: int = PEAK_SIZE, clock: Clock = time.perf_counter
) -> tuple[Floats, Floats]:
    """Time a matrix product and a copy on a device, in turns.

    Args:
        device: where.
        rounds: turns of each.
        size: rows and columns of the square matrices; as many as eight of them are copied.
        clock: of the wall.

    Returns:
        Operations a second of a bfloat16 product, a multiply-add counted as 2, and bytes a second
        read and written by a copy; one value a round.
    """
    source = torch.zeros(8, size, size, dtype=torch.bfloat16, device=device)
    copy = partial(torch.empty_like(source).copy_, source)
    multiply = loops.product(size, torch.bfloat16, device)
    candidates = {
        "product": Candidate(loops.repeat(multiply, device), 2.0 * size**3),
        "copy": Candidate(loops.repeat(copy, device), 2.0 * source.nbytes),
    }
    turns = alternate(candidates, rounds, PEAK_TURN_S, clock=clock)
    return turns["product"].rates, turns["copy"].rates


def measure_task(
    settings: Settings,
    definition: TaskDefinition,
    device: torch.device,
    speeds: tuple[float, float],
    *,
    group_sizes: Sequence[int] = GROUP_SIZES,
    n_examples: int | None = None,
    turn_s: float = TURN_S,
    compile_options: Mapping[str, Any] = COMPILE,
    on_way: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Time the ways to train a task's models, each in turns with a graph, against their floor.

    They are the plain loop, the loop with a compiled network, the loop as a CUDA graph, and
    stacked groups. What fails is left out, and the report says why.

    Args:
        settings: how many rounds, and where data lie; data that are not there are drawn at random.
        definition: its recipe is used.
        device: where.
        speeds: of that device: operations and bytes a second, as `measure_peaks` measures them.
        group_sizes: models trained at once.
        n_examples: train on so many only; None for as many as the task retains.
        turn_s: about how long a turn takes.
        compile_options: see `COMPILE`.
        on_way: called with the report so far after each way.
    """
    report = BENCH.report(settings, device_slug(device))
    task, recipe = definition.name, definition.recipe
    data, source = loops.training_data(definition, settings.data_dir, n_examples)
    report.notes.append(f"{task}: {source}")
    data = TrainingSet(data.images.to(device), data.labels.to(device), data.n_classes)
    floor_s, bound = max((s, kind) for kind, s in step_cost(data, recipe).least_s(*speeds).items())
    report.add(f"{task}, floor of a model-step: {bound}", "ms", 1e3 * floor_s, f"{task}_floor_ms")
    n_steps = recipe.n_steps(len(data))
    needed, room = bytes_per_model(data, recipe), available_bytes(device)

    def way(k: int, steps: Iterator[None], cycle: int = 1) -> Candidate:
        """Return a way whose graph was captured, or network compiled, before it is timed."""
        make = loops.repeat(steps.__next__, device)
        make(WARM_UP_STEPS + 2)
        return Candidate(make, k, cycle)

    def kit(k: int) -> Candidate:
        """Return the kit's path with k models: as a CUDA graph where the device has them."""
        if k * needed > room:
            raise MemoryError(f"needs about {k * needed >> 20} MiB, there are {room >> 20}")
        path = TrainingPath("stacked" if k > 1 else "loop", k, device_slug(device), recipe.dtype)
        return way(k, loops.kit_steps(data, recipe, path), n_steps)

    def plain(options: Mapping[str, Any] | None) -> Candidate:
        """Return one model, no graph of the whole step, compiled where asked for."""
        # Without end, so that a turn does not compile the next model's network.
        endless = replace(recipe, epochs=ENDLESS_EPOCHS)
        batches = loops.tensor_batches(data, endless)
        return way(1, loops.plain_steps(data, endless, batches, options))

    def add_rates(name: str, rates: Floats) -> None:
        """Add how fast a way went: steps, whole models, and its share of what is possible."""
        title, key = f"{task}, {name}", f"{task}_{name}"
        report.add(title, "model-steps/s", rates, f"{key}_model_steps_per_s")
        report.add(title, "models/s", rates / n_steps, f"{key}_models_per_s")
        share = 100 * floor_s * rates
        report.add(f"{title}, of the floor's speed", "%", share, f"{key}_percent_of_floor")

    ways = {"loop": partial(plain, None)}
    ways |= {f"stacked k={k}": partial(kit, k) for k in group_sizes}
    ways["compile"] = partial(plain, compile_options)
    hopeless = ""
    timed = partial(alternate, rounds=settings.rounds, turn_s=turn_s, on_round=settings.on_round)
    n_timed = 0
    for name, make in ways.items():
        if hopeless and name.startswith("stacked"):
            report.notes.append(f"{task}, {name}: skipped, since {hopeless} is far slower")
            continue
        try:
            # No name holds the candidates, so that their memory is free before the next are made.
            with training_settings(device):
                turns = timed({"graph": kit(1), name: make()})
        except (RuntimeError, MemoryError, NotStackable) as error:
            report.notes.append(f"{task}, {name}: skipped, {str(error).splitlines()[0]}")
            continue
        finally:
            gc.collect()
            # Where CUDA itself has failed, which is said above, nothing more can be freed.
            with suppress(RuntimeError):
                torch.cuda.empty_cache()
        if not n_timed:
            add_rates("graph", turns["graph"].rates)
        add_rates(name, turns[name].rates)
        n_timed += 1
        faster = turns[name].rates / turns["graph"].rates
        report.add(f"{task}, {name} over graph", "times faster", faster, f"{task}_{name}_ratio")
        on_way(report)
        # A larger group meets the same slow kernels, and cuDNN tries all of them for minutes.
        if name.startswith("stacked") and np.median(faster) * HOPELESS < 1:
            hopeless = name
    return report


SUMMARY = "loop, compiled, graph and stacked training against their floors; needs CUDA"
BENCH = Bench("gpu", SUMMARY, run)
