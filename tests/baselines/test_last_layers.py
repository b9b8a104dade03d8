"""Which layers count as the last ones."""

from __future__ import annotations

import pytest
from torch import nn

from baselines._last_layers import last_layers


def test_blocks_count_as_one_layer_and_containers_are_opened(net: nn.Module) -> None:
    assert last_layers(net, 1) == [net.block, net.fc]
    nested = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), nn.Linear(2, 2))
    assert last_layers(nn.Sequential(nn.Linear(2, 2), *nested), 1) == [*nested[0], nested[1]]


def test_a_network_without_layers_to_keep_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 layers, got 2"):
        last_layers(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), 1)
