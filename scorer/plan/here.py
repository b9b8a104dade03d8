"""A task on this machine: its data and sizes, and how fast its models train, from the probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from data_prep import choose_forget
from scorer.engines import make_engine
from scorer.engines.base import Engine, Progress
from scorer.measures import roles_needed
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.runner.designs import DESIGNS
from scorer.tasks.load import load_material, task_of
from scorer.tasks.task import Task
from scorer.training.loop import TrainingSet
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
        data: that oracles are trained on.
        path: how models are trained.
        step_s: of one step of one model on that path.
        loop_s: of one step of the plain loop, by which a single retraining is made.
        missing: models to train by role; what the pool has is not among them.
    """

    options: Options
    engine: Engine
    task: Task
    n_difficulty: int
    data: TrainingSet
    path: TrainingPath
    step_s: float
    loop_s: float
    missing: Mapping[str, int]

    @property
    def n_forget(self) -> int:
        """Return the number of examples to forget."""
        return len(self.task.indices("forget"))

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
    engine = make_engine(options.engine, options.workers)
    task, n_difficulty = _task(options, engine, progress)
    recipe = task.definition.recipe
    data = task.training_set("retain", torch.device(options.torch_device))
    path, timings = measured_path(data, recipe, options.cache_dir)
    known = {(one.name, one.k): one.ms_per_model_step / 1e3 for one in timings}
    loop_s = known.get(("loop", 1)) or time_loop(data, recipe).ms_per_model_step / 1e3
    wanted = dict.fromkeys(sorted({"oracle", "control"} & roles_needed()), options.n_models)
    wanted["original"] = len(set(originals))
    pool = None
    if not n_difficulty:  # else it is another task as yet, by its forget set
        where = task, path, options.torch_device, options.cache_dir, options.secret
        pool = Pool.find(*where)
    missing = {
        role: n if pool is None else len(pool.store(role).missing(n)) for role, n in wanted.items()
    }
    step_s = known.get((path.name, path.k), loop_s)
    return Here(options, engine, task, n_difficulty, data, path, step_s, loop_s, missing)


def _task(options: Options, engine: Engine, progress: Progress) -> tuple[Task, int]:
    """Return the task, and how many models would have to be trained to choose its hard examples.

    With any the examples to forget are random ones, in the right number.
    """
    material = load_material(options, engine, progress)
    definition = material.task
    n_difficulty = definition.forget.n_models_to_train(material)
    if not n_difficulty:
        return task_of(material), 0
    parts, labels, size = material.partition(), material.raw.labels, definition.forget.size
    split = choose_forget(parts, labels, None, 0, size, options.split_seed)
    return Task(definition, options.split_seed, material.raw, split), n_difficulty
