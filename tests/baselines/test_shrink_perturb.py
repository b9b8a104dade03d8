"""Shrink and perturb: what is mixed, and how the forget set pushes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from baselines import shrink_perturb
from baselines.common import Examples, predict
from tests._copies import copy_of
from tests.baselines._network import mean_loss


@pytest.mark.parametrize("kept", [0.0, 0.6, 1.0])
def test_a_part_of_the_weights_stays_at_the_scale_of_new_ones(kept: float) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(64, 64, 3), nn.BatchNorm2d(8), nn.Linear(100, 100))
    nn.init.constant_(net[1].weight, 3.0)
    old = [net[i].weight.detach().clone() for i in (0, 2)]
    shrink_perturb.mix(net, kept)
    for former, layer in zip(old, (net[0], net[2]), strict=True):
        both = torch.stack([former.flatten(), layer.weight.detach().flatten()])
        assert torch.corrcoef(both)[0, 1].item() == pytest.approx(kept, abs=0.03)
        assert (layer.weight.std() / former.std()).item() == pytest.approx(1.0, abs=0.03)
    assert net[1].weight.tolist() == pytest.approx([3 * kept + 1 - kept] * 8)


def test_weights_that_cannot_be_drawn_anew_are_refused() -> None:
    layer = nn.Module()
    layer.position = nn.Parameter(torch.ones(3))
    with pytest.raises(ValueError, match="got Module 'shift'"):
        shrink_perturb.mix(nn.ModuleDict({"shift": layer}), 0.5)


def test_no_example_pushes_beyond_twice_the_loss_of_guessing() -> None:
    logits = torch.tensor([[0.0, 9.0], [0.0, 1.0]], requires_grad=True)
    loss = shrink_perturb.surprise(logits, torch.tensor([0, 0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[0].tolist() == [0.0, 0.0]
    assert gradient[1, 0] < 0
    assert loss.item() == pytest.approx((2 * math.log(2) + math.log(1 + math.e)) / 2)


def test_the_forget_set_is_led_away_from_and_margins_stay(
    net: nn.Module, sets: dict[str, Any]
) -> None:
    unseen = Examples(*sets["val"].dataset.tensors)
    wanted = shrink_perturb.median_margin(predict(net, unseen.images), unseen.labels)
    original = {name: value.clone() for name, value in net.state_dict().items()}
    losses = []
    for away in (0.0, 1.0):
        net.load_state_dict(original)
        method = copy_of(shrink_perturb, EPOCHS=4.0, BATCH_SIZE=16, LEARNING_RATE=0.05, AWAY=away)
        torch.manual_seed(0)
        made = method.unlearning(net, **sets)
        losses.append(mean_loss(made, sets["forget"]))
        found = shrink_perturb.median_margin(predict(made, unseen.images), unseen.labels)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=0)
    assert losses[1] > losses[0]
