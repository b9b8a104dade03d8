"""Time the plain loop against stacked groups for a few steps each, on the data at hand."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scorer.limits import memory_bytes, n_cores
from scorer.training.loop import (
    PREDICTED_AT_ONCE,
    LoopTraining,
    ModelSeeds,
    TrainingSet,
    autocast,
    initial_model,
)
from scorer.training.memory import TRAINING_SHARE, one_does_not_fit
from scorer.training.recipe import Recipe
from scorer.training.stacked import NotStackable, StackedTraining, is_out_of_memory
from scorer.training.step import WARM_UP_STEPS, training_settings

logger = logging.getLogger("scorer")

GROUP_SIZES = {"cpu": (8, 16, 32), "cuda": (4, 16, 64)}
"""Numbers of models tried at once; on CPUs more than 32 gain nothing and wait for the last."""

N_ROUNDS = 5
LONGEST_S = 10.0
"""No further round begins after so long."""

TURN_S = 0.02
MAX_TURN_STEPS = 8

ENDLESS_EPOCHS = 10**6
HOPELESS = 1.3
"""A group whose model and step takes this many times the loop's ends the search for larger ones."""

WORTH = 0.9
"""A larger group must take at most this share of a smaller one's time: small groups spread more
evenly over workers."""

SAVED_COPIES = 2
"""Activations kept for the way back, times this, is what a step takes at its peak: gradients of
about the same size come and go."""

PARAMETER_COPIES = 5
"""Initial and trained weights, gradient, and up to two moments of the optimiser."""

LAYER_COPIES = 3
"""Input, output and workspace of the largest layer, which a forward pass holds at its peak."""


@dataclass(frozen=True)
class Timing:
    """How fast one path went: `name` "loop" or "stacked", k models at once."""

    name: str
    k: int
    ms_per_model_step: float


@dataclass(frozen=True)
class ProbeResult:
    """The fastest path, every timing (empty where nothing was to choose), and why."""

    name: str
    k: int
    reason: str
    timings: tuple[Timing, ...]


def probe(data: TrainingSet, recipe: Recipe) -> ProbeResult:
    """Time a few steps of the loop and of groups that fit in memory; return the best.

    The candidates take turns, so that a change in the machine's load meets all of them, and the
    median turn counts. On a CPU the processor time of this one thread is measured.

    Args:
        data: what oracles will be trained on, on the device.
        recipe: of the task.

    Raises:
        ScorerError: not even one model fits in memory.
    """
    device = data.images.device
    try:
        with training_settings(device):
            result = _probe(data, replace(recipe, epochs=ENDLESS_EPOCHS))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise one_does_not_fit(recipe.architecture, recipe.batch_size, device.type) from error
    # What was freed is still this process's, and the workers are other processes.
    torch.cuda.empty_cache()
    return result


def time_loop(data: TrainingSet, recipe: Recipe) -> Timing:
    """Return how fast the plain loop goes, where no probe had a reason to time it."""
    with training_settings(data.images.device):
        endless = replace(recipe, epochs=ENDLESS_EPOCHS)
        turns = _Turns(LoopTraining(data, endless, _seeds(1)[0]).steps(), data, 1)
        for _ in range(N_ROUNDS):
            turns.take()
    return Timing("loop", 1, turns.median_ms())


def best_of(timings: Sequence[Timing]) -> Timing:
    """Return the fastest path, the smaller group where a larger one gains little.

    Args:
        timings: in order of group size, not empty.
    """
    best = timings[0]
    for timing in timings[1:]:
        if timing.ms_per_model_step < WORTH * best.ms_per_model_step:
            best = timing
    return best


def fitting_group_size(data: TrainingSet, recipe: Recipe, k: int) -> int:
    """Return `k`, halved until the models fit in this process's share of memory.

    Every halving is said through the logger "scorer".
    """
    per_model, available = bytes_per_model(data, recipe), available_bytes(data.images.device)
    while k > 1 and k * per_model > available:
        logger.warning(
            f"{k} models of `{recipe.architecture}` at once need about {k * per_model >> 20} MiB"
            f" and there is room for {available >> 20}; trying {k // 2}"
        )
        k //= 2
    return k


def bytes_per_model(data: TrainingSet, recipe: Recipe) -> int:
    """Return about how many bytes one model in training takes, from one forward pass."""
    return training_and_forward_bytes(data, recipe)[0]


def training_and_forward_bytes(data: TrainingSet, recipe: Recipe) -> tuple[int, int]:
    """Return about how many bytes one model takes in training, and a forward pass in evaluation.

    Args:
        data: on the device; its first batch is looked at.
        recipe: of the task.
    """
    net = initial_model(data, recipe, ModelSeeds(0, 0, 0))
    _, saved = _loss_and_saved(net, data, recipe)
    parameters = sum(parameter.nbytes for parameter in net.parameters())
    batch = min(recipe.batch_size, len(data))
    forward = LAYER_COPIES * max(saved) * PREDICTED_AT_ONCE // batch
    return SAVED_COPIES * sum(saved) + PARAMETER_COPIES * parameters, forward


def loss_and_saved_bytes(net: nn.Module, data: TrainingSet, recipe: Recipe) -> tuple[Tensor, int]:
    """Return the loss of a first batch, and how many bytes are kept for its way back.

    Args:
        net: on the device of the data; its own weights are not counted.
        data: a batch is copied out of it, since the storage of a slice is that of all images.
        recipe: its batch size and dtype are used.
    """
    loss, saved = _loss_and_saved(net, data, recipe)
    return loss, sum(saved)


def _loss_and_saved(net: nn.Module, data: TrainingSet, recipe: Recipe) -> tuple[Tensor, list[int]]:
    """See `loss_and_saved_bytes`; the bytes of each tensor."""
    owned = {parameter.untyped_storage().data_ptr() for parameter in net.parameters()}
    saved: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in owned:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    batch = min(recipe.batch_size, len(data))
    images, labels = data.images[:batch].clone(), data.labels[:batch].clone()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        with autocast(images.device, recipe):
            logits = net(images)
        loss = F.cross_entropy(logits.float(), labels)
    return loss, list(saved.values())


def available_bytes(device: torch.device) -> int:
    """Return how much memory one process may plan with.

    On a GPU a share of what is free; on a CPU the memory of the machine divided among as many
    workers as it has processors.
    """
    if device.type == "cuda":
        return int(TRAINING_SHARE * torch.cuda.mem_get_info(device)[0])
    return int(TRAINING_SHARE * memory_bytes() / n_cores())


def _probe(data: TrainingSet, recipe: Recipe) -> ProbeResult:
    """See `probe`; `recipe` must be longer than the measurement."""
    loop = _Turns(LoopTraining(data, recipe, _seeds(1)[0]).steps(), data, 1)
    turns = {("loop", 1): loop}
    try:
        for largest in GROUP_SIZES[data.images.device.type]:
            k, stacked = _stacked_turns(data, recipe, largest)
            if stacked is None or ("stacked", k) in turns:
                break
            turns["stacked", k] = stacked
            if stacked.first_ms > HOPELESS * loop.first_ms:
                break
    except NotStackable as error:
        return ProbeResult("loop", 1, str(error), ())
    if len(turns) == 1:
        return ProbeResult("loop", 1, "no two models fit in memory at once", ())
    start = time.perf_counter()
    for _ in range(N_ROUNDS):
        for each in turns.values():
            each.take()
        if time.perf_counter() - start > LONGEST_S:
            break
    timings = tuple(Timing(name, k, each.median_ms()) for (name, k), each in turns.items())
    best = best_of(timings)
    reason = ", ".join(f"{t.name} k={t.k} {t.ms_per_model_step:.3f}" for t in timings)
    return ProbeResult(best.name, best.k, f"ms a model and step: {reason}", timings)


def _stacked_turns(data: TrainingSet, recipe: Recipe, largest: int) -> tuple[int, _Turns | None]:
    """Return the size of a group that fits in memory and the warm group, None under 2 models."""
    k = fitting_group_size(data, recipe, largest)
    while k > 1:
        try:
            return k, _Turns(StackedTraining(data, recipe, _seeds(k)).steps(), data, k)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            logger.warning("%d models at once do not fit in memory; trying %d", k, k // 2)
            k //= 2
    return 1, None


def _seeds(k: int) -> list[ModelSeeds]:
    """Return seeds of models that nobody keeps."""
    return [ModelSeeds.of("probe", "oracle", index) for index in range(k)]


class _Turns:
    """A training under way, advanced a few steps at a time, with the time of each turn."""

    def __init__(self, steps: Iterator[None], data: TrainingSet, k: int) -> None:
        """Warm up, past graph capture on a GPU, and fix the number of steps of a turn."""
        self._steps, self._device, self._k = steps, data.images.device, k
        self._turns_ms: list[float] = []
        on_gpu = self._device.type == "cuda"
        self._advance(WARM_UP_STEPS + 1 if on_gpu else 1)
        seconds = self._advance(1)
        self.first_ms = 1e3 * seconds / k
        self._n_steps = int(min(MAX_TURN_STEPS, max(1.0, TURN_S / seconds)))

    def take(self) -> None:
        """Run one turn and note its time."""
        seconds = self._advance(self._n_steps)
        self._turns_ms.append(1e3 * seconds / self._n_steps / self._k)

    def median_ms(self) -> float:
        """Return milliseconds a model and step."""
        return statistics.median(self._turns_ms)

    def _advance(self, n_steps: int) -> float:
        """Run steps and return their seconds."""
        start = self._clock()
        for _ in islice(self._steps, n_steps):
            pass
        return max(1e-9, self._clock() - start)

    def _clock(self) -> float:
        """Return seconds: of this thread on a CPU, of the wall once a GPU has finished."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
            return time.perf_counter()
        return time.thread_time()
