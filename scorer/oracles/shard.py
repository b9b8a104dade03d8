"""Make a share of the pool: the same function for every engine and for `oracles --shard`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from scorer.engines.base import Emit, Spec
from scorer.features import kept_features
from scorer.features.base import versions
from scorer.features.weights import keeps_weights
from scorer.oracles.outputs import EvaluationData, evaluate, extra_of
from scorer.oracles.pool import Pool
from scorer.oracles.room import set_of
from scorer.store import WEIGHTS, DamagedEntry, Store, Unit, claim
from scorer.tasks.task import Task
from scorer.training.loop import ModelSeeds, TrainingSet
from scorer.training.models import build_model
from scorer.training.paths import GroupTraining


def train_shard(spec: Spec, emit: Emit) -> None:
    """Train, evaluate and commit the models of one shard, in groups of the path's size.

    Every model is a function of (secret, fingerprint, role, index); its manifest says which seeds,
    path and versions made it and the SHA-256 of its weights, and nothing about when or beside
    whom.
    """
    pool = Pool.from_spec(spec)
    task, path, device = pool.task, pool.path, torch.device(pool.device)
    evaluation = EvaluationData.of(task, device)
    units = [(pool.store(role), index) for role, index in spec["units"]]
    # Built once, not once a group: making and moving it takes longer than some trainings.
    training_set = cache(lambda name: task.training_set(name, device))
    training = GroupTraining(task.definition.recipe, replace(path, k=spec["group_size"]))
    for group in claim(units, spec["start"], spec["group_size"]):
        role = group[0][0].root.name
        data = training_set(set_of(role))
        seeds = [pool.seeds(role, index) for _, index in group]
        made = make_models(group, seeds, task, data, training)
        for (store, index), model_seeds, (net, k) in zip(group, seeds, made, strict=True):
            weights = weights_of(net)
            extra = extra_of(store, index, pool.extra)
            facts: dict[str, Any] = {
                "fingerprint": task.fingerprint,
                "role": role,
                "engine_id": pool.engine_id,
                "seeds": asdict(model_seeds),
                "weights_sha256": hashlib.sha256(weights).hexdigest(),
                "features": versions(kept_features(extra)),
            }
            if device.type != "cpu":
                # On a CPU the bytes do not depend on the group, so neither may the manifest.
                facts["k"] = k
            kept = weights if role == "original" or keeps_weights(extra) else None
            store.write(index, evaluate(net, evaluation, extra), facts, kept)
            emit({"role": role, "index": index})


def make_models(
    group: Sequence[Unit],
    seeds: Sequence[ModelSeeds],
    task: Task,
    data: TrainingSet,
    training: GroupTraining,
) -> Iterator[tuple[nn.Module, int | None]]:
    """Yield the models of a group, and how many were trained at once.

    Of an outdated entry that kept its weights the model is made of these, and the number is that of
    its manifest, None on a CPU; all others are trained.
    """
    kept = [kept_weights(store, index) for store, index in group]
    missing = [one for one, weights in zip(seeds, kept, strict=True) if weights is None]
    trained = training.train(data, missing)
    for (store, index), weights in zip(group, kept, strict=True):
        if weights is None:
            yield next(trained)
        else:
            yield network(task, data.images.device, weights), store.manifest(index).get("k")


def kept_weights(store: Store, index: int) -> bytes | None:
    """Return the weights of an entry that is to be replaced, None where it has none."""
    if not (store.folder(index) / WEIGHTS).is_file():
        return None
    try:
        return store.content(index, WEIGHTS)
    except DamagedEntry as error:
        store.quarantine(index, str(error))
        return None


def network(task: Task, device: torch.device, weights: bytes | None = None) -> nn.Module:
    """Return a network of the task in eval mode, channels_last.

    Args:
        task: names the architecture.
        device: where the network goes.
        weights: in the safetensors format; without them the network is a frame for others.
    """
    net = build_model(task.definition.recipe.architecture, task.n_channels, task.n_classes, seed=0)
    net = net.to(device).to(memory_format=torch.channels_last)
    if weights is not None:
        net.load_state_dict(load_tensors(weights))
    return net.eval()


def weights_of(net: nn.Module) -> bytes:
    """Return parameters and buffers in the safetensors format."""
    state = {name: t.detach().cpu().contiguous() for name, t in net.state_dict().items()}
    return bytes(save_tensors(state))
