"""A task on this machine: its data and sizes, and how fast its models train, from the probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from data_prep import choose_forget
from scorer.devices import use_first
from scorer.engines import make_engine
from scorer.engines.base import Engine, Progress
from scorer.measures import roles_needed
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.runner.designs import DESIGNS
from scorer.tasks.load import load_material, task_of
from scorer.tasks.task import Task
from scorer.training.paths import TrainingPath, measured_path
from scorer.training.probe import time_loop


@dataclass(frozen=True)
class Here:
    """What a plan is made from.

    Attributes:
        options: of the score.
        engine: where its work will run.
        task: with a forget set of the right size; of the right examples where `n_difficulty` is 0.
        n_difficulty: models to train before the hard examples are known, at most.
        path: how models are trained.
        steps_s: of one step of one model by the number at once, 1 for the plain loop, by which a
            single retraining is made.
        wanted: models by role.
        missing: of them, to train; what the pool has is not among them.
    """

    options: Options
    engine: Engine
    task: Task
    n_difficulty: int
    path: TrainingPath
    steps_s: Mapping[int, float]
    wanted: Mapping[str, int]
    missing: Mapping[str, int]

    @property
    def n_forget(self) -> int:
        """Return the number of examples to forget."""
        return len(self.task.indices("forget"))

    @property
    def loop_s(self) -> float:
        """Return the seconds of one step of the plain loop."""
        return self.steps_s[1]

    def step_s(self, k: int) -> float:
        """Return the seconds of one step of one model, of the largest group timed up to `k`."""
        return self.steps_s[max(each for each in self.steps_s if each <= k)]

    def n_steps(self, set_name: str, share: float = 1.0) -> int:
        """Return the steps of one training on a share of a set, "train" or "retain"."""
        n_examples = int(share * len(self.task.indices(set_name)))
        return self.task.definition.recipe.n_steps(n_examples)


def look_around(options: Options, progress: Progress) -> Here:
    """Read the data and time a few steps of training, which later commands need not do again.

    Args:
        options: of the score.
        progress: called with (what, done, total) while images are read.

    Raises:
        UsageError: a design that does not fit N.
        MissingData: the data set is not there.
        ScorerError: the data are damaged, or the engine lacks what it needs.
    """
    originals = DESIGNS[options.design].originals(options.n_models)
    use_first(options.gpus)
    engine = make_engine(options.engine, options.workers, options.gpus)
    task, n_difficulty = task_of_size(options, engine, progress)
    recipe = task.definition.recipe
    data = task.training_set("retain", torch.device(options.torch_device))
    path, timings = measured_path(data, recipe, options.cache_dir)
    if not any(one.name == "loop" for one in timings):
        timings = [*timings, time_loop(data, recipe)]
    steps_s = {one.k: one.ms_per_model_step / 1e3 for one in timings}
    wanted = dict.fromkeys(sorted({"oracle", "control"} & roles_needed()), options.n_models)
    wanted["original"] = len(set(originals))
    pool = None
    if not n_difficulty:  # else it is another task as yet, by its forget set
        where = task, path, options.torch_device, options.cache_dir, options.secret
        pool = Pool.find(*where)
    missing = {
        role: n if pool is None else len(pool.store(role).missing(n)) for role, n in wanted.items()
    }
    return Here(options, engine, task, n_difficulty, path, steps_s, wanted, missing)


def task_of_size(options: Options, engine: Engine, progress: Progress) -> tuple[Task, int]:
    """Return the task, and how many models would have to be trained to choose its hard examples.

    With any the examples to forget are random ones, in the right number. Nothing is trained.
    """
    material = load_material(options, engine, progress)
    definition = material.task
    n_difficulty = definition.forget.n_models_to_train(material)
    if not n_difficulty:
        return task_of(material), 0
    parts, labels, size = material.partition(), material.raw.labels, definition.forget.size
    split = choose_forget(parts, labels, None, 0, size, options.split_seed)
    return Task(definition, options.split_seed, material.raw, split), n_difficulty
