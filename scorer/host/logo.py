"""The picture of a competition: two clouds of points, the one that is to be forgotten fading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 400
SCALE = 2
"""Drawn larger and made smaller, so that edges are smooth."""

KEPT, GONE, GROUND = (38, 70, 120), (214, 96, 50), (247, 247, 245)
N_POINTS = 60


def write_logo(path: Path) -> None:
    """Draw the picture, the same every time."""
    side = SIDE * SCALE
    image = Image.new("RGB", (side, side), GROUND)
    draw = ImageDraw.Draw(image)
    rng = np.random.default_rng(0)
    for centre, colour, fades in (((0.34, 0.4), KEPT, False), ((0.66, 0.6), GONE, True)):
        points = rng.normal(centre, 0.1, (N_POINTS, 2))
        for place, (x, y) in enumerate(points):
            share = 1 - place / N_POINTS if fades else 1.0
            mixed = tuple(
                round(share * c + (1 - share) * g) for c, g in zip(colour, GROUND, strict=True)
            )
            radius = 0.018
            box = [side * (x - radius), side * (y - radius), side * (x + radius),
                   side * (y + radius)]  # fmt: skip
            draw.ellipse(box, fill=mixed)
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(path, optimize=True)
