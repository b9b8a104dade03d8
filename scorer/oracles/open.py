"""From options to the pool of a task, and the engine to grow it with."""

from __future__ import annotations

import torch

from scorer.devices import use_first
from scorer.engines import Engine, make_engine
from scorer.engines.base import Progress
from scorer.features.views import asked_by, features_needed
from scorer.files import sweep
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.tasks.load import load_task
from scorer.training.paths import choose_path


def open_pool(options: Options, progress: Progress) -> tuple[Pool, Engine]:
    """Return the pool that the options name, empty or not, and their engine.

    Raises:
        MissingData: the data set is not there.
        ScorerError: the data are damaged, or the engine lacks what it needs.
    """
    sweep(options.cache_dir)
    use_first(options.gpus)
    engine = make_engine(options.engine, options.workers, options.gpus)
    device = options.torch_device
    task = load_task(options, engine, progress)
    data = task.training_set("retain", torch.device(device))
    path = choose_path(data, task.definition.recipe, options.cache_dir)
    where = path, device, options.cache_dir, options.secret
    return Pool.open(task, *where, features_needed(asked_by(options.features))), engine
