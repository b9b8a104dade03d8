"""What the project's own entry and variants of it make of the originals."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch

from baselines.common import Examples
from scorer.oracles.outputs import Bank, EvaluationData, evaluate
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.studies._compute_models import audited
from scorer.studies.unlearning import SETS, Unlearning, unlearn
from scorer.training.arithmetic import retraining_multiply_adds

Changes = Mapping[str, Any]
"""Values of constants by name; and `keep_stem`, `keep_lengths`, `mix_classes`, `match_margins`:
False takes that part away."""


def variant(source: str, changes: Changes) -> Unlearning:
    """Return the `unlearning` of the entry's text with some parts changed.

    Raises:
        ValueError: the entry has nothing of a name that is to be changed.
    """
    module = ModuleType("entry")
    exec(compile(source, "submission/unlearn.py", "exec", dont_inherit=True), module.__dict__)
    values: dict[str, Any] = dict(changes)
    if not values.pop("keep_stem", True):
        before, n_late = module.__dict__["before"], module.__dict__["LATE_LAYERS"]
        # Of what learns in early steps alone nothing changes.
        values["before"] = lambda layers, order, n_new: (
            before(layers, order, n_new) if n_new == n_late else set()
        )
    if not values.pop("keep_lengths", True):
        mix = module.__dict__["mix"]
        values["mix"] = lambda layer, kept, is_last: mix(layer, kept, True)  # whose length is not
    if not values.pop("mix_classes", True):
        endless = module.__dict__["endless"]
        # Where all are of one class, batches are of any examples.
        values["endless"] = lambda labels, size: endless(torch.zeros_like(labels), size)
    if not values.pop("match_margins", True):
        values["scale_to"] = lambda target, logits: 1.0
    for name, value in values.items():
        if name not in module.__dict__:
            raise ValueError(f"the entry must have `{name}` for it to be changed, got none")
        module.__dict__[name] = value
    function: Unlearning = module.__dict__["unlearning"]
    return function


def unlearned(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return outputs of a variant's networks: a part of the study.

    Run i starts from original i modulo their number.

    Args:
        values: `pool` (its spec), `source` of the entry, `changes`, `n_originals`, `n_models`.

    Returns:
        Every output, and `share` `(1,)`: of a retraining's multiply-adds, of one audited run.
    """
    pool = Pool.from_spec(values["pool"])
    task, device = pool.task, torch.device(pool.device)
    sets = {
        name: Examples(task.images(name).to(device), task.labels(name).to(device)) for name in SETS
    }
    function = variant(values["source"], values["changes"])
    evaluation = EvaluationData.of(task, device)
    n_originals, n_models = values["n_originals"], values["n_models"]
    outputs: list[dict[str, np.ndarray]] = [{}] * n_models
    net = network(task, device)
    for original in range(n_originals):
        net.load_state_dict(pool.original_weights(original))
        runs = range(original, n_models, n_originals)
        nets = unlearn(function, net, sets, f"{task.fingerprint}/entry/{original}", len(runs))
        for run, made in zip(runs, nets, strict=True):
            outputs[run] = evaluate(made, evaluation)
    whole = retraining_multiply_adds(task.training_set("retain", device), task.definition.recipe)
    share = audited(function, net, sets) / whole
    return {**Bank.stack(outputs).arrays, "share": np.array([share])}
