"""Runs of the project's own entry on a small network, and how long they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from types import ModuleType

import torch
from torch import Tensor, nn

from baselines.common import Examples
from tests.baselines._network import loader, pattern_examples


def call(
    entry: ModuleType, net: nn.Module, seed: int = 0, forget: Examples | None = None
) -> nn.Module:
    """Return what the entry makes of a network for small images of one channel."""
    retain, val = loader(pattern_examples(60, seed=1)), loader(pattern_examples(20, seed=2))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made: nn.Module = entry.unlearning(
            net, retain, loader(forget or pattern_examples(9, seed=3)), val
        )
    return made


def note_lengths(entry: ModuleType) -> list[int]:
    """Return a list that takes the number of steps of each run from now on."""
    lengths: list[int] = []

    def noted(batches: Iterator[Tensor], n_steps: int) -> Iterator[Tensor]:
        lengths.append(n_steps)
        return islice(batches, n_steps)

    entry.__dict__["islice"] = noted
    return lengths
