"""Batched augmentation against one image at a time in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scorer.training.augment import AUGMENTATIONS, Augmentation, augmentation_named


def augment_one(image: np.ndarray, drawn: np.ndarray, max_shift: int) -> np.ndarray:
    """Return one image `(channels, height, width)`, shifted over its reflection, then mirrored."""
    _, height, width = image.shape
    border = ((0, 0), (max_shift, max_shift), (max_shift, max_shift))
    padded = np.pad(image, border, mode="reflect")
    row, column, flip = drawn
    window = padded[:, row : row + height, column : column + width]
    return window[:, :, ::-1] if flip else window


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("max_shift", [0, 1, 3])
def test_equals_one_image_at_a_time(max_shift: int, flip: bool) -> None:
    augmentation = Augmentation(max_shift, flip)
    images = torch.randn(40, 2, 7, 5, generator=torch.Generator().manual_seed(1))
    drawn = augmentation.draw(40, torch.Generator().manual_seed(2))
    expected = [
        augment_one(image, each, max_shift)
        for image, each in zip(images.numpy(), drawn.numpy(), strict=True)
    ]
    np.testing.assert_array_equal(augmentation.apply(images, drawn).numpy(), np.stack(expected))


def test_every_shift_and_both_mirrorings_are_drawn() -> None:
    drawn = Augmentation(2, flip=True).draw(2000, torch.Generator().manual_seed(0))
    assert drawn.shape == (2000, 3)
    for column, n_values in ((0, 5), (1, 5), (2, 2)):
        counts = torch.bincount(drawn[:, column])
        assert len(counts) == n_values
        # Five standard deviations of a binomial count.
        expected = 2000 / n_values
        assert (counts - expected).abs().max() < 5 * (expected * (1 - 1 / n_values)) ** 0.5


def test_no_mirroring_unless_asked_for() -> None:
    assert not Augmentation(2, flip=False).draw(500, torch.Generator())[:, 2].any()


def test_draws_depend_on_the_generator_alone() -> None:
    augmentation = Augmentation(2, flip=True)
    torch.manual_seed(0)
    first = augmentation.draw(30, torch.Generator().manual_seed(5))
    torch.manual_seed(1)
    assert torch.equal(first, augmentation.draw(30, torch.Generator().manual_seed(5)))
    assert not torch.equal(first, augmentation.draw(30, torch.Generator().manual_seed(6)))


def test_names() -> None:
    assert augmentation_named("none") is None
    assert augmentation_named("shift2_flip") == AUGMENTATIONS["shift2_flip"]
    with pytest.raises(ValueError, match=r"`augmentation` must be one of .*'none'.* got 'cutout'"):
        augmentation_named("cutout")
