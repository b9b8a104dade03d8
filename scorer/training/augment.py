"""Augmentation of whole batches on the device, with parameters drawn per model on the CPU."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """Random shifts and mirror images.

    Attributes:
        max_shift: pixels, each side; the border is filled by reflection.
        flip: mirror left to right with probability one half.
    """

    max_shift: int
    flip: bool

    def draw(self, n_images: int, generator: torch.Generator) -> Tensor:
        """Return `(n_images, 3)` int64: row offset, column offset, flip; drawn on the CPU."""
        span = 2 * self.max_shift + 1
        shifts = torch.randint(0, span, (n_images, 2), generator=generator)
        flips = torch.randint(0, 1 + self.flip, (n_images, 1), generator=generator)
        return torch.cat([shifts, flips], dim=1)

    def apply(self, images: Tensor, drawn: Tensor) -> Tensor:
        """Return shifted and mirrored images.

        Args:
            images: `(n, channels, height, width)`.
            drawn: `(n, 3)` from `draw`, on the device of `images`.
        """
        n, _, height, width = images.shape
        rows = torch.arange(height, device=images.device) + drawn[:, :1]
        columns = torch.arange(width, device=images.device).expand(n, width)
        columns = torch.where(drawn[:, 2:] == 1, width - 1 - columns, columns) + drawn[:, 1:2]
        m = self.max_shift
        if m:
            images = torch.nn.functional.pad(images, (m, m, m, m), mode="reflect")
        which = torch.arange(n, device=images.device)[:, None, None]
        chosen = images.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
        return chosen.permute(0, 3, 1, 2)


AUGMENTATIONS: dict[str, Augmentation | None] = {
    "none": None,
    "shift2": Augmentation(max_shift=2, flip=False),
    "shift2_flip": Augmentation(max_shift=2, flip=True),
}


def augmentation_named(name: str) -> Augmentation | None:
    """Return the augmentation of that name, None for "none".

    Raises:
        ValueError: unknown name.
    """
    if name not in AUGMENTATIONS:
        raise ValueError(f"`augmentation` must be one of {sorted(AUGMENTATIONS)}, got {name!r}")
    return AUGMENTATIONS[name]
