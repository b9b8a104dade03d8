"""Models made within a share of a retraining: by training, from new weights or old, and by methods.

Shares are of multiply-adds. A step of training costs the same wherever it stands, so a share of
the steps is a share of these. Of a method one run is audited at its usual length, the length is
set in proportion, and what that came to is audited again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from baselines.common import Examples, family_of
from scorer.oracles.outputs import Bank, EvaluationData, evaluate
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.store import WEIGHTS
from scorer.studies.unlearning import SETS, Unlearning, baseline_at_length, unlearn
from scorer.training.arithmetic import retraining_multiply_adds
from scorer.training.loop import LoopTraining, ModelSeeds, TrainingSet, follow, make_optimizer
from scorer.training.multiply_adds import MultiplyAdds
from scorer.training.recipe import Recipe
from scorer.training.step import TrainingStep, training_settings

SHRUNK = 0.5
"""Weight of the original in a start that is shrunk towards new weights."""

STARTS = ("annealed", "cut_off", "warm", "shrunk")
"""Ways to train for a share: from new weights, with a schedule that ends there or is broken off
there; from the original's weights, or half of these and half new ones, annealed within the share.
"""


class ShareTraining(LoopTraining):
    """A training that ends before its time."""

    def __init__(
        self, data: TrainingSet, recipe: Recipe, seeds: ModelSeeds, n_steps: int, n_schedule: int
    ) -> None:
        """Initialise the model.

        Args:
            data: what is trained on.
            recipe: of a whole training.
            seeds: of the model.
            n_steps: that are taken.
            n_schedule: over which the rate rises and falls.
        """
        super().__init__(data, recipe, seeds)
        self._n_steps, self._n_schedule = n_steps, n_schedule

    def steps(self) -> Iterator[None]:
        """Take the steps, yielding after each."""
        optimizer = make_optimizer(self.net.parameters(), self._recipe, self._device)
        train_step = TrainingStep(self._loss, optimizer)
        batches = islice(self._batches(), self._n_steps)
        return follow(self._recipe, train_step, batches, self._n_schedule)


def trained(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return outputs of models trained for a share: a part of the study.

    Args:
        values: `pool` (its spec), `start` (one of `STARTS`), `share` in (0, 1], `n_models`.
    """
    pool = Pool.from_spec(values["pool"])
    device = torch.device(pool.device)
    task, evaluation = pool.task, EvaluationData.of(pool.task, device)
    data, recipe = task.training_set("retain", device), task.definition.recipe
    whole = recipe.n_steps(len(data))
    n_steps = max(1, round(values["share"] * whole))
    start = values["start"]
    outputs = []
    for index in range(values["n_models"]):
        seeds = ModelSeeds.of(task.fingerprint, f"compute-{start}", index)
        with training_settings(device):
            training = ShareTraining(
                data, recipe, seeds, n_steps, whole if start == "cut_off" else n_steps
            )
            begin(training.net, start, pool)
            for _ in training.steps():
                pass
        outputs.append(evaluate(training.net.eval(), evaluation))
    return {**Bank.stack(outputs).arrays, "share": np.array([n_steps / whole])}


def begin(net: nn.Module, start: str, pool: Pool) -> None:
    """Set the weights that a training starts from, in place."""
    if start not in ("warm", "shrunk"):
        return
    old = pool.original_weights(0)
    if start == "warm":
        net.load_state_dict(old)
        return
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.lerp_(old[name].to(parameter), SHRUNK)


def unlearned(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return outputs of what a method makes within a share: a part of the study.

    Args:
        values: `pool` (its spec), `method`, its `sha256`, `share`, `n_models`.
    """
    pool = Pool.from_spec(values["pool"])
    task, device = pool.task, torch.device(pool.device)
    net = network(task, device, pool.store("original").content(0, WEIGHTS))
    sets = {name: _examples(task.images(name), task.labels(name), device) for name in SETS}
    family = family_of(task.raw.images.shape[-1])
    data = task.training_set("retain", device)
    whole = retraining_multiply_adds(data, task.definition.recipe)
    usual = audited(baseline_at_length(values["method"], family, 1.0), net, sets) / whole
    function = baseline_at_length(values["method"], family, values["share"] / usual)
    evaluation = EvaluationData.of(task, device)
    key = f"{task.fingerprint}/{values['sha256']}"
    nets = unlearn(function, net, sets, key, values["n_models"])
    found = Bank.stack([evaluate(each, evaluation) for each in nets]).arrays
    return {**found, "share": np.array([audited(function, net, sets) / whole])}


def _examples(images: Tensor, labels: Tensor, device: torch.device) -> Examples:
    """Return a set on the device."""
    return Examples(images.to(device), labels.to(device))


def audited(function: Unlearning, net: nn.Module, sets: Mapping[str, Examples]) -> int:
    """Return the multiply-adds of one run."""
    with MultiplyAdds() as counter:
        next(unlearn(function, copy.deepcopy(net), sets, "audit", 1))
    return int(counter.total)
