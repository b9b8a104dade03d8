"""How much of a training step is arithmetic, and how much Python, autograd, optimiser and launches.

Where most of a step is overhead, a budget of time is a budget of overhead: whoever writes gradients
out by hand trains a whole network anew within a fifth of a retraining.

The profiler adds up the time that torch's operators take themselves. A small operator is mostly its
own launch, so the same operators on two examples are taken off: what is left is what the examples
of a batch account for. The optimiser's arithmetic is not among it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorer.bench._loops import training_data
from scorer.bench.base import FIGURES, Bench, Report, Settings
from scorer.tasks import TASKS
from scorer.training.loop import LoopTraining, ModelSeeds, TrainingSet
from scorer.training.recipe import Recipe
from scorer.training.step import training_settings

FEW = 2
"""Examples of a step that is all overhead; BatchNorm takes no fewer."""

WARM_UP_STEPS = 3
TURN_S = 0.1
MAX_TURN_STEPS = 10
ENDLESS_EPOCHS = 10**6

NOTES = (
    "the kit's loop of one model in one thread; a step is its processor time, batch and optimiser"
    " included",
    "arithmetic: the self time of torch's operators less that of the same operators on"
    f" {FEW} examples; an operator counts with its median over the steps of a round, since others'"
    " turns on the processor fall into some",
)


@dataclass(frozen=True)
class Round:
    """Milliseconds of one round, each a step's: of a whole batch, and of `FEW` examples.

    Attributes:
        step_ms: processor time of a step.
        operators_ms: of torch's operators in it.
        few_step_ms: of a step on few examples.
        few_operators_ms: of torch's operators in that.
    """

    step_ms: float
    operators_ms: float
    few_step_ms: float
    few_operators_ms: float

    @property
    def arithmetic_percent(self) -> float:
        """Return how much of a step its examples account for, from 0 to 100."""
        return 100 * (self.operators_ms - self.few_operators_ms) / self.step_ms


class Steps:
    """An endless training of one model, a few steps at a time."""

    def __init__(self, data: TrainingSet, recipe: Recipe) -> None:
        """Warm up."""
        self._steps = LoopTraining(
            data, replace(recipe, epochs=ENDLESS_EPOCHS), ModelSeeds.of("bench", "oracle", 0)
        ).steps()
        self._take(WARM_UP_STEPS)
        seconds = self._take(1)
        self.n_steps = int(min(MAX_TURN_STEPS, max(1.0, TURN_S / seconds)))

    def step_ms(self) -> float:
        """Return the processor time of a step."""
        return 1e3 * self._take(self.n_steps) / self.n_steps

    def operators_ms(self) -> float:
        """Return the time of torch's operators in a step."""
        return typical_sum([self._profiled() for _ in range(self.n_steps)])

    def _take(self, n_steps: int) -> float:
        """Run steps and return the seconds of processor time."""
        start = time.thread_time()
        for _ in islice(self._steps, n_steps):
            pass
        return max(1e-9, time.thread_time() - start)

    def _profiled(self) -> list[float]:
        """Run a step and return the milliseconds of each operator, in their order."""
        # Else its library greets on stderr for every step.
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")
        from torch.profiler import ProfilerActivity, profile

        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            next(self._steps)
        found = profiler.events() or ()
        return [it.self_cpu_time_total / 1e3 for it in found if it.name.startswith("aten::")]


def typical_sum(steps: Sequence[Sequence[float]]) -> float:
    """Return the sum over operators of the median of each over steps.

    Args:
        steps: times of each step's operators, in one order; where steps differ in their number of
            operators, those of the most frequent number count.
    """
    counts = [len(step) for step in steps]
    usual = max(set(counts), key=counts.count)
    times: NDArray[np.float64] = np.array([step for step in steps if len(step) == usual])
    return float(np.median(times, axis=0).sum())


def rounds_of(data: TrainingSet, recipe: Recipe, n_rounds: int) -> Iterator[Round]:
    """Yield rounds in which whole batches and few examples take turns."""
    with training_settings(data.images.device):
        whole, few = Steps(data, recipe), Steps(data, replace(recipe, batch_size=FEW))
        for _ in range(n_rounds):
            yield Round(whole.step_ms(), whole.operators_ms(), few.step_ms(), few.operators_ms())


def measure(settings: Settings, *, tasks: Sequence[str] | None = None) -> Report:
    """Measure the steps of each task on this machine's CPU."""
    report = BENCH.report(settings)
    for name in TASKS if tasks is None else tasks:
        definition = TASKS[name]
        recipe = definition.recipe
        data, _ = training_data(definition, settings.data_dir, recipe.batch_size)
        done = []
        for number, one in enumerate(rounds_of(data, recipe, settings.rounds)):
            done.append(one)
            settings.on_round(number + 1)
        title = f"{name}, batch {recipe.batch_size}"
        report.add(f"{title}: a step", "ms", [it.step_ms for it in done], f"{name}_step_ms")
        report.add(f"{title}: torch's operators in it", "ms", [it.operators_ms for it in done])
        report.add(f"{name}, {FEW} examples: a step", "ms", [it.few_step_ms for it in done])
        few_ms = [it.few_operators_ms for it in done]
        report.add(f"{name}, {FEW} examples: torch's operators in it", "ms", few_ms)
        shares = [it.arithmetic_percent for it in done]
        report.add(f"{title}: arithmetic, of a step", "%", shares, _key(name))
    report.notes += NOTES
    return report


def kept_arithmetic_percent(task: str, folder: Path = FIGURES) -> float | None:
    """Return how much of a task's step is arithmetic by the kept figures, None for no figure."""
    for path in sorted(folder.glob("overhead-*.json")):
        percent = json.loads(path.read_text()).get(_key(task))
        if percent is not None:
            return float(percent)
    return None


def _key(task: str) -> str:
    """Return the name of a task's share among the values of the report."""
    return f"{task}_arithmetic_percent"


BENCH = Bench("overhead", "how much of a training step is arithmetic, for each task", measure)
