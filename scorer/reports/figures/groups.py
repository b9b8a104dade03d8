"""Forgetting quality of parts of the forget set: strata, classes, subjects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scorer.reports.drawing import CEILING, METHOD, new_panel
from scorer.reports.figures.base import PageFigure, Panel
from scorer.reports.material import Material
from scorer.reports.words import on_figure

MOST_GROUPS = 24
"""Of one sort; of more, those that are furthest below their ceiling are drawn."""


@dataclass(frozen=True)
class Part:
    """Some of the forget examples.

    Attributes:
        name: as it stands beside the axis.
        quality: their mean points.
        error: its standard error over examples; 0 for a single one.
        ceiling: mean points of retrained models on the same examples.
        n_examples: how many they are.
    """

    name: str
    quality: float
    error: float
    ceiling: float
    n_examples: int


def parts_by(
    values: np.ndarray, points: np.ndarray, ceiling_points: np.ndarray, title: str
) -> list[Part]:
    """Return the forget set in parts, by a value of each example `(n_examples,)`."""
    found = []
    for value in np.unique(values):
        own = points[values == value]
        error = float(own.std(ddof=1) / np.sqrt(len(own))) if len(own) > 1 else 0.0
        ceiling = float(ceiling_points[values == value].mean())
        name = on_figure(f"{title}{value}")
        found.append(Part(name, float(own.mean()), error, ceiling, len(own)))
    return found


def draw(material: Material) -> Iterator[Panel]:
    """Draw strata with classes, and subjects where they are known."""
    points, ceiling = material.array("points"), material.array("ceiling_points")
    strata = parts_by(material.array("stratum"), points, ceiling, "")
    pictures = material.pictures
    classes = [] if pictures is None else parts_by(pictures.labels, points, ceiling, "class ")
    yield _panel("classes", [strata, classes], "strata and classes" if classes else "strata")
    if pictures is not None and pictures.subjects is not None:
        subjects = parts_by(pictures.subjects, points, ceiling, "subject ")
        yield _panel("subjects", [subjects], "subjects")


def _panel(name: str, sorts: Sequence[Sequence[Part]], what: str) -> Panel:
    """Return a panel of parts under each other, the sorts of them apart."""
    shown = [sorted(parts, key=lambda p: p.quality - p.ceiling)[:MOST_GROUPS] for parts in sorts]
    kept = [[p for p in parts if p in own] for parts, own in zip(sorts, shown, strict=True)]
    rows: list[Part | None] = []
    for parts in filter(None, kept):
        rows += [None, *parts] if rows else list(parts)
    figure, axes = new_panel(1.0 + 0.21 * len(rows))
    places = [place for place, row in enumerate(reversed(rows)) if row is not None]
    real = [row for row in reversed(rows) if row is not None]
    axes.plot([p.ceiling for p in real], places, "|", color=CEILING, markersize=13,
              markeredgewidth=2.5, label="ceiling")  # fmt: skip
    axes.errorbar([p.quality for p in real], places, xerr=[2 * p.error for p in real], fmt="o",
                  color=METHOD, elinewidth=1.2, label="this method")  # fmt: skip
    axes.set_yticks(places, [f"{part.name} ({part.n_examples})" for part in real])
    axes.set(xlabel="forgetting quality F", ylim=(-0.7, len(rows) - 0.3))
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    worst, best = min(real, key=lambda p: p.quality), max(real, key=lambda p: p.quality)
    left_out = sum(map(len, sorts)) - len(real)
    return Panel(
        name,
        figure,
        f"F of {len(real)} {what}: lowest {worst.quality:.3f} for {worst.name}, highest"
        f" {best.quality:.3f} for {best.name}"
        + (f"; {left_out} nearer to their ceilings are left out." if left_out else "."),
    )


FIGURE = PageFigure(
    name="groups",
    summary="F by stratum, class and subject",
    title="Which parts are forgotten",
    caption=(
        "Forgetting quality F of parts of the forget set, with the number of their examples; bars "
        "are two standard errors over them, the green stroke is what retrained models get on the "
        "same examples. Good: every dot on its stroke. A part far below its stroke is where to "
        "look first."
    ),
    place=30,
    draw=draw,
)
