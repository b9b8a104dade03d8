"""Fine-tuning on the forget set: the same for every model, and nothing of it stays."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from scorer.features import FEATURES, ForwardPass
from scorer.features.relearning import MOST_STEPS, relearning
from scorer.training.loop import predict
from scorer.training.models import build_model
from tests.conftest import tiny_definition


def seen_of(seed: int = 0, n_examples: int = 12, **changes: object) -> ForwardPass:
    """Return a network that was never trained, and images of chance."""
    net = build_model("small_cnn", 1, 10, seed=seed).eval()
    images = torch.randn(n_examples, 1, 8, 8, generator=torch.Generator().manual_seed(9))
    recipe = dataclasses.replace(tiny_definition().recipe, **changes)  # type: ignore[arg-type]
    labels, retain = np.arange(n_examples) % 10, (images[:0], np.arange(0))
    return ForwardPass(net, images, labels, predict(net, images).numpy(), retain, recipe)


def test_the_loss_is_that_of_the_model_and_comes_down() -> None:
    seen = seen_of()
    before = copy.deepcopy(seen.net.state_dict())
    found = relearning(seen)
    assert found.shape == (MOST_STEPS + 1,) and found.dtype == np.float32
    loss = F.cross_entropy(torch.from_numpy(seen.logits), torch.from_numpy(seen.labels))
    assert found[0] == pytest.approx(loss.item())
    assert found[-1] < 0.5 * found[0]
    # The network that was looked at is looked at again, for other features.
    torch.testing.assert_close(seen.net.state_dict(), before, rtol=0, atol=0)
    assert not seen.net.training and all(each.grad is None for each in seen.net.parameters())
    np.testing.assert_array_equal(relearning(seen), found)


def test_batches_are_of_the_size_of_the_recipe() -> None:
    # 24 examples, 8 a step: three steps a pass, of which the first learns 8 of them.
    few, all_at_once = (relearning(seen_of(n_examples=24, batch_size=n)) for n in (8, 64))
    assert few[0] == all_at_once[0] and few[1] != all_at_once[1]


def test_without_a_step_nothing_moves() -> None:
    # In train mode the statistics of BatchNorm would move without any rate.
    found = relearning(seen_of(learning_rate=1e-30))
    np.testing.assert_allclose(found, found[0], rtol=1e-6)


def test_steps_that_lead_away_are_finite_numbers() -> None:
    found = relearning(seen_of(learning_rate=1e30))
    assert np.isfinite(found).all() and found[-1] == np.finfo(np.float32).max


def test_augmentation_and_weights_of_classes_have_no_part() -> None:
    plain = relearning(seen_of())
    other = relearning(seen_of(augmentation="shift2_flip", class_weights="inverse_count"))
    np.testing.assert_array_equal(plain, other)


def test_it_is_an_extra_of_the_forget_set() -> None:
    feature = FEATURES["relearning"]
    assert feature.is_extra and feature.wants("forget") and not feature.wants("retain")
