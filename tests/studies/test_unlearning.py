"""Methods called directly, and the scores of what they leave."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from baselines.common import Examples
from scorer.oracles.outputs import Bank
from scorer.studies.scores import score_banks
from scorer.studies.unlearning import SETS, repeated, unlearn


@pytest.fixture
def sets() -> dict[str, Examples]:
    """Return three sets of two points each."""
    return {name: Examples(torch.randn(2, 3), torch.tensor([0, 1])) for name in SETS}


def shake(net: nn.Module, retain: object, forget: object, val: object) -> None:
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += torch.randn_like(parameter)


def test_runs_start_fresh_and_differ_by_their_seed(sets: dict[str, Examples]) -> None:
    net = nn.Linear(3, 2).train()
    before = net.weight.clone()
    first, second = unlearn(shake, net, sets, "key", 2)
    assert torch.equal(net.weight, before)
    assert not torch.equal(first.weight, second.weight)
    assert not first.training
    again = next(unlearn(shake, net, sets, "key", 1))
    assert torch.equal(again.weight, first.weight)
    other = next(unlearn(shake, net, sets, "other key", 1))
    assert not torch.equal(other.weight, first.weight)


def test_what_is_returned_takes_the_place_of_the_copy(sets: dict[str, Examples]) -> None:
    fresh = nn.Linear(3, 2)
    (found,) = unlearn(lambda *_: fresh, nn.Linear(3, 2), sets, "key", 1)
    assert found is fresh


@pytest.mark.parametrize("shape", [(4, 2), (4, 1, 8, 8)])
def test_sets_are_repeated_whole(shape: tuple[int, ...]) -> None:
    images, labels = torch.randn(shape), torch.arange(4)
    found = repeated(images, labels, 3)
    assert found.images.shape == (12, *shape[1:])
    for place in range(3):
        assert torch.equal(found.images[4 * place : 4 * place + 4], images)
    assert found.labels.tolist() == [0, 1, 2, 3] * 3


def bank(rng: np.random.Generator, shift: float) -> Bank:
    correct = np.ones((32, 50), dtype=bool)
    confidence = rng.normal(shift, 1.0, (32, 60))
    return Bank(
        {"confidence_forget": confidence, "correct_retain": correct, "correct_test": correct}
    )


@pytest.mark.parametrize(("shift", "is_one"), [(0.0, True), (3.0, False)])
def test_retraining_scores_one_and_a_shift_less(shift: float, is_one: bool) -> None:
    rng = np.random.default_rng(0)
    banks = {"unlearned": bank(rng, shift), "oracle": bank(rng, 0.0), "control": bank(rng, 0.0)}
    score = score_banks(banks)
    relative = score.relative_score
    assert (relative.low <= 1 <= relative.high) is is_one
    assert relative.value < 1.5
    assert score.ceiling.value > score.forgetting_quality.value - 0.05
    assert relative.n == 32
    np.testing.assert_allclose(relative.high - relative.value, 1.96 * score.relative_score_se,
                               rtol=1e-3)  # fmt: skip
