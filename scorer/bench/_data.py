"""Data to train on where only speed matters."""

from __future__ import annotations

from pathlib import Path

import torch

from data_prep import MissingData, load_raw
from scorer.tasks.definition import TaskDefinition
from scorer.training.loop import TrainingSet

SHAPES = {"fashion_mnist": (60000, 1, 28, 28), "cifar10": (50000, 3, 32, 32)}
"""Training images, channels, height and width of a data set, to draw at random where it is not."""

N_CLASSES = 10


def training_data(
    definition: TaskDefinition, data_dir: Path, n_examples: int | None
) -> tuple[TrainingSet, str]:
    """Return as many examples as a task retains, channels_last, and where they come from.

    Speed does not ask which examples these are, so nothing is split and no difficulty measured.

    Args:
        definition: of the task.
        data_dir: where data sets lie.
        n_examples: so many only; None for as many as the task retains.
    """
    held_out = definition.n_val + definition.forget.size + (definition.n_test or 0)
    try:
        raw = load_raw(definition.dataset, data_dir)
    except MissingData:
        if definition.dataset not in SHAPES:
            raise
        n_train, *shape = SHAPES[definition.dataset]
        generator = torch.Generator().manual_seed(0)
        images = torch.randn(n_examples or n_train - held_out, *shape, generator=generator)
        labels = torch.randint(0, N_CLASSES, (len(images),), generator=generator)
        source = "random images of its shape, since its data are not in the data directory"
        n_classes = N_CLASSES
    else:
        train = (~raw.is_official_test).nonzero()[0]
        chosen = train[: n_examples or len(train) - held_out]
        images = torch.from_numpy(raw.normalised(chosen))
        labels = torch.from_numpy(raw.labels[chosen])
        source, n_classes = "its own images", raw.n_classes
    images = images.contiguous(memory_format=torch.channels_last)
    return TrainingSet(images, labels, n_classes), source
