"""Pictures of the study `boundary`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from scorer.studies._circles import GRID_SHAPE, MARGIN, RADIUS, Circles
from scorer.studies.findings import error_reach
from scorer.style import (
    BLACK,
    BLUE,
    CYCLE,
    MARKERS,
    ORANGE,
    RED,
    WIDTH_INCHES,
    drop_unused,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scorer.studies.boundary import LeftOut, Unlearned
    from scorer.studies.findings import Number

N_SHOWN = 12
"""Panels of methods, original and oracles."""

N_WORST = 4
MOST_LINES = 16
"""Runs of a method whose boundaries are drawn."""


def on_grid(values: np.ndarray) -> np.ndarray:
    """Return `(..., rows, columns)` of `(..., rows x columns)`."""
    return values.reshape(*values.shape[:-1], *GRID_SHAPE)


def sizes_of(architecture: str) -> str:
    """Return how a network is called in a picture.

    Example:
        >>> sizes_of("mlp_2x64")
        '2 x 64 units'
    """
    return f"{architecture.partition('_')[2].replace('x', ' x ')} units"


def _plane(ax: Axes, circles: Circles) -> None:
    """Prepare a panel that shows the window."""
    x, y = circles.axes()
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xticks=[], yticks=[], aspect="equal")
    ax.grid(False)


def _points(ax: Axes, circles: Circles, size: ArrayLike = 5.0) -> None:
    """Draw the points for training in the colours of their classes."""
    places, labels = circles.coordinates(), circles.labels[: circles.n_train].numpy()
    sizes = np.broadcast_to(np.asarray(size), labels.shape)
    for label, (colour, marker) in enumerate(((BLUE, "o"), (ORANGE, "s"))):
        own = labels == label
        x, y = places[own].T
        ax.scatter(x, y, s=sizes[own], c=colour, marker=marker, linewidths=0, zorder=3)


def _boundary(ax: Axes, circles: Circles, grid: np.ndarray, **options: Any) -> None:
    """Draw where the margin is 0; nothing where it never is."""
    if grid.min() < 0 < grid.max():
        ax.contour(*circles.axes(), grid, levels=[0.0], zorder=4, **options)


def boundaries(
    circles: Mapping[float, Circles],
    grids: Mapping[tuple[float, str], np.ndarray],
    architectures: Sequence[str],
) -> Figure:
    """Draw the decision of each network at each distance."""
    # Panels are as high as their windows are, of one width.
    heights = [(RADIUS + MARGIN) / plane.half_width for plane in circles.values()]
    height = WIDTH_INCHES / len(architectures) * sum(heights) + 0.6
    figure, axes = new_figure(
        len(circles), len(architectures), height=height, height_ratios=heights
    )
    for row, (distance, plane) in enumerate(circles.items()):
        for ax, architecture in zip(axes[row], architectures, strict=True):
            _plane(ax, plane)
            grid = grids[distance, architecture]
            probability = 1.0 / (1.0 + np.exp(-grid))
            ax.contourf(*plane.axes(), probability, levels=np.linspace(0, 1, 11), cmap="PuOr_r",
                        alpha=0.35)  # fmt: skip
            _points(ax, plane, 2.5)
            _boundary(ax, plane, grid, colors=BLACK, linewidths=1.4)
            if row == 0:
                ax.set_title(sizes_of(architecture))
        axes[row, 0].set_ylabel(f"distance {distance:g}", fontsize=9)
    return figure


def left_out(circles: Circles, networks: Mapping[str, LeftOut]) -> Figure:
    """Draw where decisions hang on single points, and on which."""
    figure, axes = new_figure(2, -(-len(networks) // 2), height=5.2)
    for ax, (name, one) in zip(axes.flat, networks.items(), strict=False):
        _plane(ax, circles)
        largest = max(one.area.max(), 1e-9)
        _points(ax, circles, 3 + 110 * one.area / largest)
        _boundary(ax, circles, one.grid, colors=RED, linewidths=1.2)
        ax.set_title(f"{sizes_of(name)}, at most {largest:.2g}")
    drop_unused(axes, len(networks))
    return figure


def predictors(
    one: LeftOut, numbers: Mapping[str, Number], architectures: Sequence[str], near: float
) -> Figure:
    """Draw estimates against what leaving a point out does, and the correlations of all."""
    figure, axes = new_figure(2, 2, height=6.0)
    panels = (
        (one.influence_moved, one.moved, "change of parameters, influence", "change of parameters"),
        (one.influence_area, one.area, "area moved, influence", "area moved"),
        (one.memorised, one.area, "memorisation score", "area moved"),
    )
    for ax, (told, true, x, y) in zip(axes.flat, panels, strict=False):
        ax.scatter(told, true, s=14, c=BLUE, alpha=0.6, linewidths=0)
        ax.set(xlabel=x, ylabel=y)
    axes[0, 0].set(xscale="log", yscale="log")
    _correlations(axes[1, 1], numbers, architectures, near)
    return figure


def _correlations(
    ax: Axes, numbers: Mapping[str, Number], architectures: Sequence[str], near: float
) -> None:
    """Draw the rank correlations of every network at one distance, with their intervals."""
    kinds = {"influence_parameters": "influence, parameters", "influence_area": "influence, area",
             "memorisation_area": "memorisation, area"}  # fmt: skip
    for place, (kind, label) in enumerate(kinds.items()):
        found = [
            (x + (place - 1) * 0.15, numbers[key])
            for x, name in enumerate(architectures)
            if (key := f"{kind}_{name}_at_{near:g}") in numbers
        ]
        if found:
            x, own = zip(*found, strict=True)
            ax.errorbar(x, [each.value for each in own], error_reach(own), fmt=MARKERS[place],
                        color=CYCLE[place], label=label)  # fmt: skip
    ax.axhline(0, color=BLACK, linewidth=0.8)
    ax.set(ylim=(-1.05, 1.05), ylabel="rank correlation", xticks=range(len(architectures)))
    ax.set_xticklabels([sizes_of(name).removesuffix(" units") for name in architectures])
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1, fontsize=8)


def unlearned(circles: Circles, after: Unlearned) -> Figure:
    """Draw the boundaries that methods leave, beside original and oracles."""
    ranked = list(after.scores)
    n_methods = N_SHOWN - 2
    shown = ranked
    if len(ranked) > n_methods:
        shown = [*ranked[: n_methods - N_WORST], *ranked[-N_WORST:]]
    names = ["original", "oracle", *shown]
    rows = -(-len(names) // 4)
    figure, axes = new_figure(rows, 4, height=1.6 * rows + 0.2)
    forget = circles.coordinates()[after.forget]
    for ax, name in zip(axes.flat, names, strict=False):
        _plane(ax, circles)
        _points(ax, circles, 2.0)
        ax.scatter(*forget.T, s=22, facecolors="none", edgecolors=BLACK, linewidths=0.9, zorder=5)
        for grid in after.grids[name][:MOST_LINES]:
            _boundary(ax, circles, grid, colors=RED, linewidths=0.7, alpha=0.6)
        ax.set_title(_title(name, after), fontsize=9)
    drop_unused(axes, len(names))
    return figure


def _title(name: str, after: Unlearned) -> str:
    """Return what stands over the panel of a method."""
    if name in after.scores:
        return f"{name}\n{after.scores[name].relative_score.value:.2f}"
    return f"{name}\n" if name == "original" else "oracles\n1"
