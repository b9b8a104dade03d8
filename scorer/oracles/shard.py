"""Train a share of the pool: the same function for every engine and for `oracles --shard`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save as save_arrays
from torch import nn

from scorer.engines.base import Emit, Spec
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.oracles.pool import Pool
from scorer.store import claim
from scorer.tasks.snapshot import read_snapshot
from scorer.training.loop import ModelSeeds
from scorer.training.paths import TrainingPath, train_group


def train_shard(spec: Spec, emit: Emit) -> None:
    """Train, evaluate and commit the models of one shard, in groups of the path's size.

    Every model is a function of (fingerprint, role, index); its manifest says which seeds, path
    and versions made it and the SHA-256 of its weights, and nothing about when or beside whom.
    """
    task = read_snapshot(Path(spec["snapshot"]))
    path = TrainingPath(**spec["path"])
    pool = Pool(task, path, spec["device"], Path(spec["cache_dir"]))
    device = torch.device(spec["device"])
    evaluation = EvaluationData.of(task, device)
    units = [(pool.store(role), index) for role, index in spec["units"]]
    for group in claim(units, spec["start"], path.k):
        role = group[0][0].root.name
        data = task.training_set("train" if role == "original" else "retain", device)
        seeds = [ModelSeeds.of(task.fingerprint, role, index) for _, index in group]
        nets = train_group(data, task.definition.recipe, seeds, path)
        for (store, index), model_seeds, net in zip(group, seeds, nets, strict=True):
            weights = state_arrays(net)
            facts: dict[str, Any] = {
                "fingerprint": task.fingerprint,
                "role": role,
                "engine_id": pool.engine_id,
                "seeds": {
                    "init": model_seeds.init,
                    "order": model_seeds.order,
                    "augment": model_seeds.augment,
                },
                "weights_sha256": hashlib.sha256(save_arrays(weights)).hexdigest(),
            }
            if device.type != "cpu":
                # On a CPU the bytes do not depend on the group, so neither may the manifest.
                facts["k"] = path.k
            kept = weights if role == "original" else None
            store.write(index, evaluate(net, evaluation), facts, kept)
            emit({"role": role, "index": index})


def state_arrays(net: nn.Module) -> dict[str, np.ndarray]:
    """Return parameters and buffers as contiguous arrays on the CPU, by name."""
    return {
        name: tensor.detach().cpu().contiguous().numpy()
        for name, tensor in net.state_dict().items()
    }
