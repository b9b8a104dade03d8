"""The size of margins that the entry brings its network to."""

from __future__ import annotations

import math
from types import ModuleType

import pytest
import torch
from torch import Tensor

from baselines.common import Examples
from tests.baselines._network import pattern_examples, trained_net
from tests.submission._entry import call

WB = ("weight", "bias")


def test_what_was_held_back_is_given_back_by_the_classifier_alone(entry: ModuleType) -> None:
    gone = pattern_examples(9, seed=3)
    wrong = Examples(gone.images, (gone.labels + 1) % 3)
    longer = call(entry, trained_net(), forget=wrong).state_dict()
    entry.__dict__["held_back"] = lambda *_: 1.0
    usual = call(entry, trained_net(), forget=wrong).state_dict()
    for name, value in usual.items():
        if not name.startswith("fc."):
            torch.testing.assert_close(longer[name], value, rtol=0, atol=0)
    factors = torch.cat([longer[f"fc.{it}"].flatten() / usual[f"fc.{it}"].flatten() for it in WB])
    assert factors.min() > 1.1
    torch.testing.assert_close(factors, factors[:1].expand_as(factors))


def test_logits_are_as_sure_as_the_likeliest_class_whatever_the_label(entry: ModuleType) -> None:
    assert entry.sureness(torch.tensor([[4.0, 0.0], [0.0, 4.0], [9.0, 1.0]])).item() == 4.0
    among_three = entry.sureness(torch.tensor([[4.0, 0.0, 0.0]])).item()
    assert among_three == pytest.approx(4 - math.log(2))


@pytest.mark.parametrize("n_classes", [2, 10, 1000])
@pytest.mark.parametrize("own", [0.0, 2.0, 8.0])
def test_logits_are_scaled_to_be_as_sure_as_others_however_weak(
    entry: ModuleType, n_classes: int, own: float
) -> None:
    logits = torch.randn((99, n_classes), generator=torch.Generator().manual_seed(0))
    logits[:, 0] += own
    for scale in (0.2, 1.0, 5.0):
        target = entry.sureness(scale * logits)
        assert entry.scale_to(target, logits) == pytest.approx(scale, rel=0.005)


def test_margins_are_held_back_by_what_is_not_fitted_alone(entry: ModuleType) -> None:
    kept = torch.eye(2).repeat(20, 1), torch.tensor([0, 1] * 19 + [1, 1])
    gone = torch.eye(2), torch.tensor([0, 1])
    assert entry.held_back(*kept, 1.0, *gone) == 1.0
    not_fitted = entry.held_back(*kept, 1.0, gone[0], 1 - gone[1])
    # One of 40 is wrong in retain, and three of 42 with forget.
    assert not_fitted == pytest.approx(math.log(39) / math.log(13), rel=0.015)
    # Or one of 400 and twelve of 402, if each stands for ten and as many are gone.
    as_many = gone[0].repeat(5, 1), 1 - gone[1].repeat(5)
    assert entry.held_back(*kept, 10.0, *as_many) == pytest.approx(
        math.log(39) / math.log(390 / 20), rel=0.015
    )


def test_a_retain_set_that_is_fitted_tells_nothing(entry: ModuleType) -> None:
    kept, gone = (torch.eye(2), torch.tensor([0, 1])), (torch.eye(2), torch.tensor([0, 0]))
    assert entry.held_back(*kept, 5.0, *gone) == 1.0


@pytest.mark.parametrize("is_known", [True, False])
def test_retain_is_not_looked_at_where_forget_is_fitted(entry: ModuleType, is_known: bool) -> None:
    seen: list[Tensor] = []

    def noted(kept: Tensor, labels: Tensor, weight: float, *others: object) -> float:
        assert weight == 60 / 20
        seen.append(kept)
        return 1.0

    entry.__dict__["held_back"] = noted
    gone = pattern_examples(9, seed=3)
    call(entry, trained_net(), forget=Examples(gone.images, (gone.labels + (not is_known)) % 3))
    assert [len(each) for each in seen] == ([] if is_known else [20])


def test_a_network_is_as_sure_on_val_as_the_original_times_what_was_held_back(
    entry: ModuleType,
) -> None:
    gone, unseen = pattern_examples(9, seed=3), pattern_examples(20, seed=2).images
    entry.__dict__["held_back"] = lambda *_: 1.5
    made = call(entry, trained_net(), forget=Examples(gone.images, (gone.labels + 1) % 3))
    with torch.no_grad():
        wanted = entry.sureness(1.5 * trained_net()(unseen)).item()
        assert entry.sureness(made(unseen)).item() == pytest.approx(wanted, rel=0.01)
