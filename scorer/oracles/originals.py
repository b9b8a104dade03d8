"""The original models that a pool's runs start from, seen on the sets of its task."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from scorer.oracles.outputs import Bank, EvaluationData, evaluate, join_outputs
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network


def evaluate_originals(pool: Pool, n_originals: int) -> Bank:
    """Return the outputs of the first original models, which another pool may hold.

    Args:
        pool: see `Pool.for_part`.
        n_originals: how many.

    Raises:
        DamagedEntry: the weights of one are not as they were written.
    """
    device = torch.device(pool.device)
    data, net = EvaluationData.of(pool.task, device), network(pool.task, device)

    def outputs() -> Iterator[dict[str, np.ndarray]]:
        for index in range(n_originals):
            net.load_state_dict(pool.original_weights(index))
            yield evaluate(net, data, pool.extra)

    return join_outputs(outputs(), n_originals, pool.cache_dir)
