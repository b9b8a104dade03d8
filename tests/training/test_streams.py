"""Models that take turns are those of the plain loop."""

from __future__ import annotations

import pytest
import torch

from scorer.training.loop import TrainingSet, train_models
from scorer.training.streams import StreamedTraining, train_models_on_streams
from tests.training._common import largest_difference, noise, recipe, seeds_of, state_bytes


def test_every_model_takes_a_step_before_any_takes_another() -> None:
    data, settings = noise(48, 1, 8, 8), recipe()
    training = StreamedTraining(data, settings, seeds_of(0, 1))
    before = [state_bytes(net) for net in training.models()]
    steps = training.steps()
    next(steps)
    assert all(
        state_bytes(net) != start for net, start in zip(training.models(), before, strict=True)
    )
    assert 1 + len(list(steps)) == settings.n_steps(len(data))


def test_no_seeds_make_no_models() -> None:
    assert train_models_on_streams(noise(48, 1, 8, 8), recipe(), []) == []


@pytest.mark.gpu
@pytest.mark.parametrize("architecture", ["small_cnn", "fast_resnet"])
def test_streams_do_not_meet_in_memory(architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else cuDNN rounds the factors of float32 convolutions to ten bits.
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    n_channels, side = (1, 8) if architecture == "small_cnn" else (3, 16)
    data = noise(640, n_channels, side, side)
    on_gpu = TrainingSet(data.images.cuda(), data.labels.cuda(), 10)
    settings = recipe(
        architecture=architecture, learning_rate=0.01, augmentation="shift2_flip", batch_size=64
    )
    seeds = seeds_of(*range(8))
    found = train_models_on_streams(on_gpu, settings, seeds)
    for net, expected in zip(found, train_models(on_gpu, settings, seeds), strict=True):
        assert largest_difference(net, expected) < 0.02
