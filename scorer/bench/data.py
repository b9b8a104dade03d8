"""Data to train on where only speed matters."""

from __future__ import annotations

from pathlib import Path

import torch

from data_prep import MissingData, load_raw
from scorer.tasks.definition import TaskDefinition
from scorer.training.loop import TrainingSet

SHAPES = {
    "fashion_mnist": (54000, 1, 28, 28),
    "cifar10": (46500, 3, 32, 32),
    "cifar10-resnet18": (42500, 3, 32, 32),
}
"""Examples, channels, height and width to draw at random where a task's data are not there."""


def training_data(
    definition: TaskDefinition, data_dir: Path, n_examples: int | None
) -> tuple[TrainingSet, str]:
    """Return as many examples as a task retains, channels_last, and where they come from.

    Speed does not ask which examples these are, so nothing is split and no difficulty measured.
    """
    try:
        raw = load_raw(definition.dataset, data_dir)
    except MissingData:
        if definition.name not in SHAPES:
            raise
        shape = SHAPES[definition.name]
        generator = torch.Generator().manual_seed(0)
        images = torch.randn(n_examples or shape[0], *shape[1:], generator=generator)
        labels = torch.randint(0, 10, (len(images),), generator=generator)
        source = "random images of its shape, since its data are not in the data directory"
        n_classes = 10
    else:
        held_out = definition.n_val + definition.forget.size
        n_train = int((~raw.is_official_test).sum()) - held_out - (definition.n_test or 0)
        chosen = (~raw.is_official_test).nonzero()[0][: n_examples or n_train]
        images = torch.from_numpy(raw.normalised(chosen))
        labels = torch.from_numpy(raw.labels[chosen])
        source, n_classes = "its own images", raw.n_classes
    images = images.contiguous(memory_format=torch.channels_last)
    return TrainingSet(images, labels, n_classes), source
