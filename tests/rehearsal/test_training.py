"""Training, evaluation and timing on a GPU that is not there, with the recipe of every task."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from data_prep import half_masks
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.oracles.shard import network, weights_of
from scorer.runner.child.submission import load_kernels
from scorer.runner.reference import retrain
from scorer.tasks import TASKS, difficulty
from scorer.tasks.task import SETS, Task
from scorer.training import step as step_module
from scorer.training.augment import AUGMENTATIONS, augmentation_named
from scorer.training.loop import TrainingSet, initial_model
from scorer.training.paths import TrainingPath, train_group
from scorer.training.recipe import Recipe
from tests.rehearsal._gpu import DEVICE, HOST, rehearsal
from tests.training._common import largest_difference, noise, recipe, seeds_of

SHAPES = {"plane": (2, 1, 1), "digits": (1, 8, 8), "fashion_mnist": (1, 28, 28)}
"""Channels, height and width of images; where none is named here, small ones in colour."""

BATCH_SIZE = 2
N_STEPS = 3
"""One of warm-up, one that is captured and replayed, one that is replayed only."""


def rehearsed(name: str) -> tuple[TrainingSet, Recipe]:
    """Return a few examples for a task, and its recipe for a step on every two of them.

    In float32, since autocast to bfloat16 passes a GPU by that is not there.
    """
    data = noise(BATCH_SIZE * N_STEPS, *SHAPES.get(name, (3, 16, 16)))
    return data, replace(TASKS[name].recipe, batch_size=BATCH_SIZE, epochs=1, dtype="float32")


@pytest.fixture(autouse=True)
def short_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a graph be captured after one step."""
    monkeypatch.setattr(step_module, "WARM_UP_STEPS", 1)


def on_device(data: TrainingSet) -> TrainingSet:
    """Return the same examples on the GPU."""
    return TrainingSet(data.images.to(DEVICE), data.labels.to(DEVICE), data.n_classes)


def devices_of(net: nn.Module) -> set[torch.device]:
    """Return where its parameters and buffers lie."""
    return {value.device for value in net.state_dict().values()}


@pytest.mark.parametrize("path", ["loop", "stacked"])
@pytest.mark.parametrize("name", sorted(TASKS))
def test_models_of_every_task_are_trained(name: str, path: str) -> None:
    data, settings = rehearsed(name)
    seeds = seeds_of(0, 1) if path == "stacked" else seeds_of(0)
    with rehearsal() as cuda:
        way = TrainingPath(path, len(seeds), "a-gpu", settings.dtype)
        nets = train_group(on_device(data), settings, seeds, way)
        assert {place for net in nets for place in devices_of(net)} == {DEVICE}
        calls = [call for call, _ in cuda.calls]
        # While steps are taken the host reads once, whether there is a graph.
        assert calls[calls.index("capture") :] == ["capture", "replay", "read", "replay"]
        assert "read" not in calls[calls.index("wait") : calls.index("capture")]
        for net in nets:
            assert all(value.isfinite().all() for value in net.cpu().state_dict().values())
    if path == "loop" and settings.optimizer == "sgd":
        # Not Adam, whose first steps have one size however small the gradient: rounding decides.
        way = TrainingPath("loop", 1, "cpu", settings.dtype)
        (expected,) = train_group(data, settings, seeds, way)
        assert largest_difference(nets[0], expected) < 1e-4


@pytest.mark.parametrize("name", [name for name, each in AUGMENTATIONS.items() if each])
def test_images_are_augmented_where_they_are(name: str) -> None:
    augmentation = augmentation_named(name)
    assert augmentation is not None
    images = noise(6, 3, 8, 8).images
    drawn = augmentation.draw(6, torch.Generator().manual_seed(0))
    with rehearsal():
        found = augmentation.apply(images.to(DEVICE), drawn.to(DEVICE))
        assert found.device == DEVICE
        assert torch.equal(found.cpu(), augmentation.apply(images, drawn))


def test_every_feature_is_computed_and_weights_are_kept(tiny_task: Task) -> None:
    net = network(tiny_task, HOST)
    expected = evaluate(net, EvaluationData.of(tiny_task, HOST))
    with rehearsal():
        there = network(tiny_task, DEVICE, weights_of(net))
        assert devices_of(there) == {DEVICE}
        evaluation = EvaluationData.of(tiny_task, DEVICE)
        assert {evaluation.images[each].device for each in SETS} == {DEVICE}
        found = evaluate(there, evaluation)
        assert weights_of(there) == weights_of(net)
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)


def test_the_retraining_that_is_timed() -> None:
    data, settings = rehearsed("digits")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        expected = retrain(data.images, data.labels, settings, data.n_classes, HOST)
        with rehearsal():
            net = initial_model(on_device(data), settings, seeds_of(0)[0])
            before = [each.clone() for each in net.state_dict().values()]
            load_kernels(net, data.images.shape[1:])
            assert all(map(torch.equal, before, net.state_dict().values()))
            torch.manual_seed(0)
            net = retrain(data.images, data.labels, settings, data.n_classes, DEVICE)
            assert devices_of(net) == {DEVICE}
            assert largest_difference(net.cpu(), expected) == 0


def test_difficulty_is_measured(tmp_path: Path) -> None:
    data = noise(12, 1, 8, 8)
    labels = data.labels.numpy()
    masks = half_masks(labels, 2, seed=0)
    spec = {
        "key": "a key",
        "recipe": asdict(recipe(batch_size=2)),
        "n_classes": data.n_classes,
        "units": [0, 1],
        "start": 0,
    }
    kept = []
    for device in (DEVICE, HOST):
        folder = tmp_path / device.type
        models, inputs = difficulty._stores(folder)
        inputs.write(0, {"images": data.images.numpy(), "labels": labels, "masks": masks}, {})
        told = {**spec, "folder": str(folder), "device": str(device)}
        if device == DEVICE:
            with rehearsal():
                difficulty.train_shard(told, lambda _: None)
        else:
            difficulty.train_shard(told, lambda _: None)
        kept.append([models.read(index)["confidence"] for index in (0, 1)])
    np.testing.assert_allclose(*kept, rtol=1e-5)
