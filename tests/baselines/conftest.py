"""What tests of methods share: a small residual network, data that it knows, and plain layers."""

from __future__ import annotations

import pytest
from torch import nn
from torch.utils.data import DataLoader

from tests.baselines._network import loader, pattern_examples, trained_net


@pytest.fixture
def net() -> nn.Module:
    """Return a fresh copy of a trained network with BatchNorm and in-place ReLUs, in eval mode."""
    return trained_net()


@pytest.fixture
def sets() -> dict[str, DataLoader]:
    """Return loaders of a retain, a forget and a val set of 3 classes, 6x6 images."""
    return {
        "retain": loader(pattern_examples(50, seed=1)),
        "forget": loader(pattern_examples(14, seed=2)),
        "val": loader(pattern_examples(20, seed=3)),
    }
