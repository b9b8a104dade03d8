"""The house style of figures: few colours that everybody can tell apart, large letters.

Figures are 7.2 inches wide unless they say otherwise, with letters of 11 points, so that they are
still read at half size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.rcsetup import cycler

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PURPLE, SKY, RED, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#000000",
)
"""The colours of Okabe and Ito 2008, Color Universal Design, which the colour-blind tell apart."""

CYCLE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""Beside the colours, for print in grey."""

WIDTH_INCHES = 7.2
PNG_DPI = 150

STYLE: Any = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "svg.fonttype": "path",
    "svg.hashsalt": "scorer",
    "axes.prop_cycle": cycler(color=CYCLE),
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside the block in this style, without a screen."""
    with matplotlib.rc_context(STYLE):
        yield


def new_figure(
    rows: int = 1, columns: int = 1, *, height: float = 3.6, **options: Any
) -> tuple[Figure, np.ndarray]:
    """Return a figure of the house's width and its axes `(rows, columns)`.

    Args:
        rows: of panels.
        columns: of panels.
        height: in inches, of the whole.
        options: `sharex`, `sharey` and `height_ratios`, as matplotlib takes them.
    """
    from matplotlib.figure import Figure

    # Not by pyplot, which would keep every figure, and look for a screen.
    figure = Figure(figsize=(WIDTH_INCHES, height))
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, np.asarray(axes)


def save_png(figure: Figure, stem: Path) -> None:
    """Write `stem.png`; the same figure gives the same bytes."""
    with house_style():
        figure.savefig(stem.with_suffix(".png"), dpi=PNG_DPI, metadata={"Software": None})


def save(figure: Figure, stem: Path) -> None:
    """Write `stem.png` and `stem.svg`; the same figure gives the same bytes."""
    save_png(figure, stem)
    with house_style():
        figure.savefig(stem.with_suffix(".svg"), metadata={"Date": None, "Creator": None})


def drop_unused(axes: np.ndarray, n_used: int) -> None:
    """Take away the panels behind the first `n_used`."""
    for ax in axes.flat[n_used:]:
        ax.remove()
