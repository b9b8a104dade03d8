"""Batches answer to both public idioms, in the given loaders and in rebuilt ones."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset

from scorer.runner.child.contract import make_loader, seed_everything

IMAGES = torch.randn(100, 1, 4, 4)
LABELS = torch.arange(100) % 10


def rebuilt_loaders() -> dict[str, DataLoader]:
    given = make_loader(IMAGES, LABELS)
    data = given.dataset
    return {
        "given": given,
        "rebuilt": DataLoader(data, batch_size=32, shuffle=True),
        "subset": DataLoader(Subset(data, list(range(100))), batch_size=32),
        "joined": DataLoader(ConcatDataset([data, data]), batch_size=100),
        "worker processes": DataLoader(data, batch_size=50, num_workers=1),
    }


@pytest.mark.parametrize("name", rebuilt_loaders())
def test_a_batch_unpacks_and_answers_to_names(name: str) -> None:
    seen = 0
    for batch in rebuilt_loaders()[name]:
        images, labels = batch
        assert torch.equal(batch["image"], images)
        assert torch.equal(batch["age_group"], labels)
        assert torch.equal(batch["label"], labels)
        assert images.shape[1:] == (1, 4, 4)
        assert labels.dtype == torch.int64
        seen += len(labels)
    assert seen == (200 if name == "joined" else 100)


def test_images_stay_with_their_labels() -> None:
    images = torch.arange(100.0).reshape(100, 1, 1, 1)
    for batch_images, labels in make_loader(images, torch.arange(100)):
        assert torch.equal(batch_images.flatten().long(), labels)


def test_a_collate_function_of_the_submission_s_own_sees_single_samples() -> None:
    data = make_loader(IMAGES, LABELS).dataset
    (samples,) = DataLoader(data, batch_size=100, collate_fn=list)
    assert [int(label) for _, label in samples] == LABELS.tolist()
    assert all(torch.equal(one["image"], image) for one, image in zip(samples, IMAGES, strict=True))
    (pair,) = DataLoader(Subset(data, [7, 3]), batch_size=2, collate_fn=lambda part: part[1:])
    assert [int(one["label"]) for one in pair] == [3]


def test_single_items_and_unknown_keys() -> None:
    item = make_loader(IMAGES, LABELS).dataset[3]
    assert int(item["label"]) == 3
    assert "image" in item
    assert "person_id" not in item
    with pytest.raises(KeyError, match="person_id"):
        item["person_id"]


def test_the_given_loader_is_shuffled_in_batches_of_64() -> None:
    torch.manual_seed(0)
    loader = make_loader(IMAGES, torch.arange(100))
    first, second = (torch.cat([labels for _, labels in loader]) for _ in range(2))
    assert loader.batch_size == 64
    assert not torch.equal(first, second)
    assert torch.equal(first.sort().values, torch.arange(100))


def test_seeding_covers_all_three_generators() -> None:
    draws = []
    for _ in range(2):
        seed_everything(2**62 + 1)
        draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]
