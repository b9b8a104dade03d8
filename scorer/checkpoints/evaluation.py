"""Evaluate given models as oracles and runs are: on every set, in workers, once for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from safetensors.torch import save as save_tensors

from scorer.checkpoints.states import states_of
from scorer.engines.base import Emit, Engine, Progress, Spec
from scorer.features import kept_features
from scorer.features.base import versions
from scorer.features.weights import keeps_weights
from scorer.oracles.outputs import Bank, EvaluationData, extra_of, read_bank
from scorer.oracles.pool import Pool
from scorer.oracles.room import RUNS_PER_GPU
from scorer.oracles.shard import network
from scorer.runner.faults import Fault
from scorer.runner.shard import outputs_of
from scorer.store import WEIGHTS, Arrays, claim, read_or_make

GOOD = {"fault": None}


def evaluated(
    told: Mapping[str, Any],
    sha256: str,
    n_models: int,
    pool: Pool,
    engine: Engine,
    progress: Progress,
) -> tuple[Bank | None, list[Fault]]:
    """Return the outputs of N given models; what was evaluated before is not again.

    Args:
        told: where their states come from, see `states_of`.
        sha256: of what they came in.
        n_models: N.
        pool: of the task, with an original.
        engine: where shards run.
        progress: called with ("evaluate", done, total).

    Returns:
        The bank, None where one has a fault, and all faults.

    Raises:
        UsageError: a zip cannot be read any more.
    """
    store = pool.checkpoints(sha256)

    def make() -> None:
        store.repair(n_models, deep=False)
        engine.share(
            "scorer.checkpoints.evaluation:evaluate_shard",
            {**pool.to_spec(), "states": dict(told), "sha256": sha256},
            store.missing(n_models),
            what="evaluate",
            progress=progress,
            per_gpu=RUNS_PER_GPU,
        )

    def read() -> tuple[Bank | None, list[Fault]]:
        facts = [store.manifest(index) for index in range(n_models)]
        faults = [fault for each in facts if (fault := Fault.of_manifest(each))]
        if faults:
            return None, faults
        also = [WEIGHTS] if keeps_weights(pool.extra) else []
        return read_bank(store, n_models, also=also), []

    return read_or_make(make, read, store.repair)


def evaluate_shard(spec: Spec, emit: Emit) -> None:
    """Evaluate the models of one shard and commit their outputs, or their faults."""
    pool = Pool.from_spec(spec)
    device = torch.device(pool.device)
    net, evaluation = network(pool.task, device), EvaluationData.of(pool.task, device)
    store = pool.checkpoints(spec["sha256"])
    states = states_of(spec["states"], pool, spec["n_workers"])
    units = [(store, index) for index in spec["units"]]
    for group in claim(units, spec["start"], states.group_size):
        for index, found in states.read([index for _, index in group]).items():
            arrays: Arrays = {}
            extra = extra_of(store, index, pool.extra)
            if not isinstance(found, Fault):
                arrays, answer = outputs_of(found, GOOD, net, evaluation, extra)
                if answer["fault"] is not None:
                    found = Fault(answer["fault"], answer["message"], run=index)
            facts: dict[str, Any] = {"features": versions(kept_features(extra))}
            weights = None
            if isinstance(found, Fault):
                facts |= found.as_facts()
            elif keeps_weights(extra):
                weights = save_tensors(dict(found))
            store.write(index, arrays, facts, weights)
            emit({"index": index})
