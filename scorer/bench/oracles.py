"""How fast oracles are trained, against the loops that one would write without the kit."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from scorer.bench.base import Bench, Settings
from scorer.bench.data import training_data
from scorer.bench.report import Report
from scorer.bench.timing import Candidate, alternate, ratios
from scorer.bench.worker import Workers, save_training_set, usual_environment
from scorer.engines.base import Engine, worker_environment
from scorer.tasks import TASKS
from scorer.training.paths import choose_path

TURN_S = 1.0


def measure(
    settings: Settings,
    *,
    turn_s: float = TURN_S,
    n_workers: int | None = None,
    n_examples: int | None = None,
) -> Report:
    """Measure model-steps a second of the kit's way and of two usual loops, in turns.

    Args:
        settings: `task` names the recipe and the data.
        turn_s: about how long a turn takes.
        n_workers: processes of the kit's way; None for one a core, as the engine does.
        n_examples: train on the first so many only; None for as many as the task retains.
    """
    definition = TASKS[settings.task]
    recipe = definition.recipe
    data, source = training_data(definition, settings.data_dir, n_examples)
    path = choose_path(data, recipe, settings.cache_dir)
    n_workers = n_workers or Engine.default_workers()
    n_steps = recipe.n_steps(len(data))
    usual = usual_environment(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.safetensors"
        save_training_set(data, file)
        common = {"data": str(file), "n_classes": data.n_classes, "recipe": recipe.as_dict()}
        kit: list[dict[str, Any]] = [
            {**common, "way": "kit", "path": path.as_dict(), "first_index": 10**6 * worker}
            for worker in range(n_workers)
        ]
        with (
            Workers(kit, worker_environment(usual)) as ours,
            Workers([{**common, "way": "dataloader"}], usual) as loader,
            Workers([{**common, "way": "tensors"}], usual) as tensors,
        ):
            threads = loader.run(1)[0]
            turns = alternate(
                [
                    Candidate("kit", ours.run, n_workers * path.k, n_steps),
                    Candidate("DataLoader loop", loader.run, 1, n_steps),
                    Candidate("tensor loop", tensors.run, 1, n_steps),
                ],
                settings.rounds,
                turn_s,
                on_round=lambda done: settings.progress("bench", done, settings.rounds),
            )
    variant = "" if settings.task == BENCH.tasks[0] else settings.task
    command = BENCH.command(settings.task, settings.rounds)
    report = Report("oracles", command, variant=variant)
    names = (
        f"the kit: {n_workers} processes x 1 thread, {path.name} k={path.k}",
        f"DataLoader loop: 1 process, {threads} threads",
        f"tensor loop: 1 process, {threads} threads",
    )
    for name, key, each in zip(names, ("", "_dataloader_loop", "_tensor_loop"), turns, strict=True):
        models = [rate / n_steps for rate in each.rates]
        report.add(name, "models/s", models, f"models_per_s{key}")
    for key, other in zip(("dataloader_loop", "tensor_loop"), turns[1:], strict=True):
        name = f"the kit over the {key.replace('_', ' ').replace('dataloader', 'DataLoader')}"
        report.add(name, "times faster", ratios(turns[0], other), f"ratio_vs_{key}")
    report.values |= {
        "task": settings.task,
        "path": path.name,
        "k": path.k,
        "n_workers": n_workers,
        "loop_threads": threads,
        "steps_per_model": n_steps,
        "batch_size": recipe.batch_size,
        "n_examples": len(data),
        "whole_models": all(each.whole_cycles for each in turns),
    }
    report.notes += [
        f"{settings.task}: {source}; {len(data)} examples, batch {recipe.batch_size},"
        f" {n_steps} steps a model, the same architecture and optimiser on all sides",
        "processes were started, and the training path was chosen, before anything was timed;"
        " start-up, evaluation and writing are left out on all sides",
    ]
    if not report.values["whole_models"]:
        report.notes.append("a turn is a slice of the training where a model takes over 2 s")
    return report


BENCH = Bench(
    "oracles",
    "models trained a second, against a DataLoader loop and a tensor loop",
    measure,
    ("digits", "fashion_mnist"),
)
