"""How much a weight matters, and which weights are dampened."""

from __future__ import annotations

import torch
from torch import nn

from baselines._importance import dampen, importance
from tests.baselines._network import pattern_examples


def test_dampen_shrinks_above_its_threshold_only() -> None:
    net = nn.Linear(4, 1, bias=False)
    weights = net.weight.detach().clone()
    kept, gone = torch.tensor([[1.0, 1.0, 1.0, 0.0]]), torch.tensor([[10.0, 20.0, 40.0, 1.0]])
    dampen(net, [kept], [gone], threshold=10.0, strength=2.0)
    factor = torch.tensor([[1.0, 2.0 / 20, 2.0 / 40, 0.0]])
    assert torch.allclose(net.weight.detach(), weights * factor)


def test_importance_is_the_mean_of_batch_gradients_to_a_power(net: nn.Module) -> None:
    examples = pattern_examples(16, seed=1)
    torch.manual_seed(0)
    (found, *_) = importance(net, examples, power=2, batch_size=8)
    torch.manual_seed(0)
    expected = torch.zeros_like(found)
    for images, labels in examples.batches(8):
        loss = nn.functional.cross_entropy(net(images), labels)
        expected += torch.autograd.grad(loss, net.stem[0].weight)[0] ** 2 / 2
    assert torch.allclose(found, expected)
