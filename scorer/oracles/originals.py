"""The original models of a pool, seen on the sets of another task."""

from __future__ import annotations

import torch

from scorer.oracles.outputs import Bank, EvaluationData, evaluate
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.tasks.task import Task


def originals_on(task: Task, pool: Pool, n_originals: int) -> Bank:
    """Return the outputs of the first original models of a pool on the sets of a task.

    Args:
        task: of the same train examples, differently divided into retain and forget.
        pool: holds the originals.
        n_originals: how many.

    Raises:
        DamagedEntry: the weights of one are not as they were written.
    """
    device = torch.device(pool.device)
    data, net = EvaluationData.of(task, device), network(task, device)
    outputs = []
    for index in range(n_originals):
        net.load_state_dict(pool.original_weights(index))
        outputs.append(evaluate(net, data))
    return Bank.stack(outputs)
