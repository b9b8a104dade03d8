"""Pictures of the study `plane`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm, to_rgb

from data_prep.plane import coordinates
from scorer.studies._plane_answers import NEAR, relative_difference
from scorer.studies._plane_traits import TRAITS
from scorer.studies._plane_unlearned import axis_of
from scorer.style import BLACK, BLUE, CYCLE, WIDTH_INCHES, drop_unused, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scorer.studies.plane import Fitted, Unlearned

CLASS_COLOURS = (*CYCLE[:6], "#F0E442", "#882255", "#999999", "#117733")
"""Of ten classes: those of the house, and four that differ from them in lightness."""

LEAST_SHOWN = 1e-4
"""Overlaps below look like none."""

COLUMNS = 3


def _plane(ax: Axes, half_width: float) -> None:
    """Prepare a panel that shows the window."""
    limits = (-half_width, half_width)
    ax.set(xlim=limits, ylim=limits, xticks=[], yticks=[], aspect="equal")
    ax.grid(False)
    ax.spines[:].set_visible(True)


def _colours(n_classes: int) -> list[str]:
    """Return a colour for each class, in turn where there are many."""
    return [CLASS_COLOURS[which % len(CLASS_COLOURS)] for which in range(n_classes)]


def points(after: Unlearned, fitted: Fitted, task: str) -> Figure:
    """Draw the points over the decisions of one original, and how near each trait comes."""
    figure, axes = new_figure(1, 2, height=3.7)
    left, right = axes[0]
    raw, train = after.task.raw, after.task.indices("train")
    colours = _colours(raw.n_classes)
    _plane(left, after.half_width)
    axis = axis_of(after.half_width)
    pale = ListedColormap([tuple(0.75 + 0.25 * part for part in to_rgb(each)) for each in colours])
    left.pcolormesh(axis, axis, after.decisions["original"][0], cmap=pale, vmin=-0.5,
                    vmax=len(colours) - 0.5, rasterized=True)  # fmt: skip
    places, labels = coordinates(raw)[train], raw.labels[train]
    left.scatter(*places.T, s=4, c=[colours[label] for label in labels], linewidths=0)
    for which, centre in enumerate(fitted.mixture.centres):
        left.annotate(str(which), centre, ha="center", va="center", fontsize=10, weight="bold",
                      color=BLACK)  # fmt: skip
    left.set_title("points and one network")
    _traits(right, fitted)
    right.set_title(f"points against {task}")
    return figure


def _traits(ax: Axes, fitted: Fitted) -> None:
    """Draw the relative difference of every trait, with its interval."""
    ax.axvspan(-NEAR, NEAR, color="#dddddd", linewidth=0)
    ax.axvline(0, color=BLACK, linewidth=0.8)
    for row, name in enumerate(TRAITS):
        plane, images = (np.array([one.traits[name] for one in each])
                         for each in (fitted.plane, fitted.images))  # fmt: skip
        number = relative_difference(plane, images)
        reach = [[number.value - number.low], [number.high - number.value]]
        ax.errorbar(number.value, row, xerr=reach, fmt="o", color=BLUE)
    ax.set(yticks=range(len(TRAITS)), xlabel="relative difference", ylim=(len(TRAITS) - 0.5, -0.5))
    ax.set_yticklabels([name.replace("_", " ") for name in TRAITS])
    ax.grid(False, axis="y")


def overlaps(fitted: Fitted, task: str) -> Figure:
    """Draw which classes are taken for which, of images and of points."""
    figure, axes = new_figure(1, 2, height=3.5)
    for ax, portraits, name in zip(
        axes[0], (fitted.images, fitted.plane), (task, "plane"), strict=True
    ):
        mean = np.mean([one.overlaps for one in portraits], axis=0)
        shown = np.where(np.eye(len(mean), dtype=bool), np.nan, np.maximum(mean, LEAST_SHOWN))
        image = ax.imshow(shown, cmap="cividis", norm=LogNorm(LEAST_SHOWN, 0.1))
        ticks = range(len(mean))
        ax.set(title=name, xticks=ticks, yticks=ticks, xlabel="given for class")
        ax.grid(False)
    axes[0, 0].set_ylabel("examples of class")
    figure.colorbar(image, ax=axes[0].tolist(), label="mean probability", shrink=0.8)
    return figure


def boundaries(after: Unlearned) -> Figure:
    """Draw where decisions change: of originals, oracles and what methods leave."""
    names = ["original", "oracle", *(name for name in after.decisions
                                     if name not in ("original", "oracle"))]  # fmt: skip
    rows = -(-len(names) // COLUMNS)
    figure, axes = new_figure(rows, COLUMNS, height=WIDTH_INCHES / COLUMNS * rows + 0.5 * rows)
    raw, forget = after.task.raw, after.task.split.forget
    colours = _colours(raw.n_classes)
    places, labels = coordinates(raw)[forget], raw.labels[forget]
    reach = after.half_width
    for ax, name in zip(axes.flat, names, strict=False):
        _plane(ax, reach)
        ax.imshow(edges(after.decisions[name]), cmap="Greys", vmin=0, vmax=1, origin="lower",
                  extent=(-reach, reach, -reach, reach))  # fmt: skip
        ax.scatter(*places.T, s=9, c=[colours[label] for label in labels], linewidths=0.4,
                   edgecolors=BLACK, zorder=3)  # fmt: skip
        score = "1" if name == "oracle" else f"{after.scores[name].relative_score.value:.2f}"
        ax.set_title(f"{name}: {score}", fontsize=10)
    drop_unused(axes, len(names))
    return figure


def edges(decisions: np.ndarray) -> np.ndarray:
    """Return in which share of networks a cell differs from the next one right or up.

    Args:
        decisions: `(n_models, rows, columns)` classes.

    Returns:
        `(rows, columns)` in [0, 1].
    """
    differs = np.zeros(decisions.shape, dtype=bool)
    differs[:, :, :-1] |= decisions[:, :, 1:] != decisions[:, :, :-1]
    differs[:, :-1] |= decisions[:, 1:] != decisions[:, :-1]
    return np.asarray(differs.mean(axis=0))
