"""The size of margins that the entry brings its network to."""

from __future__ import annotations

import math
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from baselines.common import Examples
from tests.baselines._network import pattern_examples, trained_net
from tests.submission._entry import call

WB = ("weight", "bias")


def test_without_the_way_back_the_forget_set_decides_how_long_the_classifier_is_alone(
    entry: ModuleType,
) -> None:
    entry.__dict__.update(AWAY=0.0, ANEW=0.0)
    known = pattern_examples(9, seed=3)
    wrong = Examples(known.images, (known.labels + 1) % 3)
    usual, longer = (call(entry, trained_net(), forget=it).state_dict() for it in (known, wrong))
    for name, value in usual.items():
        if not name.startswith("fc."):
            torch.testing.assert_close(longer[name], value, rtol=0, atol=0)
    factors = torch.cat([longer[f"fc.{it}"].flatten() / usual[f"fc.{it}"].flatten() for it in WB])
    assert factors.min() > 1.1
    torch.testing.assert_close(factors, factors[:1].expand_as(factors))


def test_the_best_scale_makes_confidence_the_share_that_is_right(entry: ModuleType) -> None:
    logits = torch.tensor([[2.0, 0.0]]).repeat(10, 1)
    labels, weights = torch.tensor([0] * 8 + [1] * 2), torch.ones(10)
    assert entry.best_scale(logits, labels, weights) == pytest.approx(math.log(4) / 2, rel=0.01)
    weights[8:] = 2.0
    assert entry.best_scale(logits, labels, weights) == pytest.approx(math.log(2) / 2, rel=0.01)


def test_margins_are_known_by_their_size_where_half_are_wrong(entry: ModuleType) -> None:
    logits = torch.tensor([[4.0, 0.0]]).repeat(10, 1)
    labels = torch.tensor([0, 1] * 5)
    assert entry.median_margin(nn.Identity(), logits, labels).item() == 4.0


def test_margins_are_held_back_by_what_is_not_fitted_alone(entry: ModuleType) -> None:
    net = nn.Identity()
    kept = torch.eye(2).repeat(20, 1), torch.tensor([0, 1] * 19 + [1, 1])
    gone = torch.eye(2), torch.tensor([0, 1])
    assert entry.held_back(net, kept, 1.0, gone) == 1.0
    not_fitted = entry.held_back(net, kept, 1.0, (gone[0], 1 - gone[1]))
    # One of 40 is wrong in retain, and three of 42 with forget.
    assert not_fitted == pytest.approx(math.log(39) / math.log(13), rel=0.01)


def test_retain_is_not_looked_at_where_forget_is_fitted(entry: ModuleType) -> None:
    seen: list[int] = []

    class Counting(nn.Identity):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(len(images))
            return images

    kept = torch.eye(2).repeat(20, 1), torch.tensor([1, 0] * 20)
    gone = torch.eye(2), torch.tensor([0, 1])
    assert entry.held_back(Counting(), kept, 1.0, gone) == 1.0
    assert not seen
    entry.held_back(Counting(), kept, 1.0, (gone[0], torch.tensor([0, 0])))
    assert sum(seen) == 40
