"""How much of a training step is arithmetic, and how much Python, autograd, optimiser and launches.

Where most of a step is overhead, a budget of time is a budget of overhead: whoever writes gradients
out by hand trains a whole network anew within a fifth of a retraining.

A step on two examples is all overhead, so what a step on a whole batch takes beyond it is what its
examples account for. Both are processor time, which holds on a busy machine. The sum that a
profiler makes of torch's operators does not: it is of the wall, and an operator's time includes its
launch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from scorer.bench._loops import training_data
from scorer.bench._timing import Candidate, Floats, alternate
from scorer.bench.base import FIGURES, Bench, Report, Settings
from scorer.tasks import TASKS
from scorer.training.loop import LoopTraining, ModelSeeds, TrainingSet
from scorer.training.probe import ENDLESS_EPOCHS
from scorer.training.recipe import Recipe
from scorer.training.step import training_settings

FEW = 2
"""Examples of a step that is all overhead; BatchNorm takes no fewer."""

TURN_S = 0.2

NOTES = (
    "the kit's loop of one model in one thread on a CPU; times are of the processor",
    f"arithmetic: what a step takes beyond one on {FEW} examples; the optimiser counts as overhead",
)


def steps_of(data: TrainingSet, recipe: Recipe) -> Callable[[int], float]:
    """Return a function that goes on with a training for so many steps.

    The function returns the seconds of processor time that the steps took.
    """
    endless = replace(recipe, epochs=ENDLESS_EPOCHS)
    steps = LoopTraining(data, endless, ModelSeeds.of("bench", "oracle", 0)).steps()

    def run(n_steps: int) -> float:
        start = time.thread_time()
        for _ in islice(steps, n_steps):
            pass
        return time.thread_time() - start

    return run


def step_times(data: TrainingSet, recipe: Recipe, settings: Settings) -> tuple[Floats, Floats]:
    """Return processor milliseconds of a step on a whole batch and on `FEW` examples.

    Returns:
        Both `(rounds,)` float64; the two took turns.
    """
    sides = {"whole": recipe, "few": replace(recipe, batch_size=FEW)}
    with training_settings(data.images.device):
        candidates = {name: Candidate(steps_of(data, side)) for name, side in sides.items()}
        turns = alternate(candidates, settings.rounds, TURN_S, on_round=settings.on_round)
    return 1e3 * turns["whole"].cpu_costs, 1e3 * turns["few"].cpu_costs


def measure(settings: Settings, *, tasks: Sequence[str] | None = None) -> Report:
    """Measure the steps of each task on this machine's CPU."""
    report = BENCH.report(settings)
    for name in TASKS if tasks is None else tasks:
        definition = TASKS[name]
        recipe = definition.recipe
        data, _ = training_data(definition, settings.data_dir, recipe.batch_size)
        whole_ms, few_ms = step_times(data, recipe, settings)
        title = f"{name}, batch {recipe.batch_size}"
        report.add(f"{title}: a step", "ms", whole_ms)
        report.add(f"{name}, {FEW} examples: a step", "ms", few_ms)
        share = 100 * (1 - few_ms / whole_ms)
        report.add(f"{title}: arithmetic, of a step", "%", share, _key(name))
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
