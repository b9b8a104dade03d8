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


def test_a_sample_answers_like_a_mapping() -> None:
    people = torch.arange(100) % 7
    data = make_loader(IMAGES, LABELS, {"person_id": people}).dataset
    for sample in (data[3], next(iter(DataLoader(data, batch_size=100)))):
        assert list(dict(sample)) == ["image", "label", "age_group", "person_id"]
        assert dict(sample.items()).keys() == set(sample.keys())
        assert len(sample.values()) == 4 and len(sample) == 2
        assert sample.get("image_id") is None and sample.get("image_id", 5) == 5
        assert torch.equal(sample.get("label"), sample["age_group"])
    assert torch.equal(sample["person_id"], people)
    with pytest.raises(KeyError, match="image_id"):
        sample["image_id"]


@pytest.mark.parametrize("n_workers", [0, 1])
def test_whom_an_image_is_of_stays_with_it(n_workers: int) -> None:
    data = make_loader(IMAGES, LABELS, {"person_id": torch.arange(100)}).dataset
    for loader in (
        DataLoader(data, batch_size=32, shuffle=True, num_workers=n_workers),
        DataLoader(Subset(data, range(50)), batch_size=32, shuffle=True, num_workers=n_workers),
    ):
        for batch in loader:
            assert torch.equal(batch["image"], IMAGES[batch["person_id"]])


def test_labels_can_be_set_by_either_name() -> None:
    loader = make_loader(IMAGES, LABELS)
    loader.dataset.targets = [7] * 100
    assert torch.equal(loader.dataset.labels, loader.dataset.targets)
    assert {int(label) for _, labels in loader for label in labels} == {7}
    loader.dataset.labels = LABELS
    assert torch.equal(loader.dataset.targets, LABELS)
    with pytest.raises(ValueError, match=r"`targets` must be 100 labels, got \(3,\)"):
        loader.dataset.targets = [1, 2, 3]


@pytest.mark.parametrize("n_workers", [0, 1])
def test_transforms_that_are_set_are_applied(n_workers: int) -> None:
    data = make_loader(IMAGES, LABELS).dataset
    data.transform, data.target_transform = torch.zeros_like, lambda label: label + 10
    image, label = data[3]
    assert not image.any() and label == LABELS[3] + 10
    for each in (data, Subset(data, range(100))):
        images, labels = next(iter(DataLoader(each, batch_size=100, num_workers=n_workers)))
        assert not images.any() and torch.equal(labels, LABELS + 10)
    data.transform = None
    assert torch.equal(data[3][0], IMAGES[3])


@pytest.mark.parametrize("name", ["data", "samples", "imgs", "transforms"])
def test_what_sets_have_not_can_be_neither_read_nor_set(name: str) -> None:
    data = make_loader(IMAGES, LABELS).dataset
    with pytest.raises(AttributeError, match=f"`{name}` of a set cannot be set"):
        setattr(data, name, IMAGES)
    with pytest.raises(AttributeError, match=f"a set has no `{name}`: "):
        getattr(data, name)
    assert not hasattr(data, "anything_else")
    data.anything_else = 3
    assert data.anything_else == 3
