"""What a figure of a report is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scorer.reports.material import Material

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXAMPLES_PLACE = 50
"""Where the single examples stand among the figures."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture.

    Attributes:
        name: of its files, behind that of the figure; empty where it is the only one.
        figure: drawn by `scorer.reports.drawing.new_panel`.
        alternative: what it shows, in one or two sentences, for those who do not see it.
    """

    name: str
    figure: Figure
    alternative: str


@dataclass(frozen=True)
class PageFigure:
    """One section of a report.

    Attributes:
        name: that of its file.
        summary: one line for lists.
        title: heading of the section.
        caption: how to read it, and what good would look like.
        place: where among the sections, from the top; `EXAMPLES_PLACE` is that of the examples.
        draw: yields one panel or two, side by side where there is room. It may raise
            `Unavailable`, whose message then stands in place of the figure.
    """

    name: str
    summary: str
    title: str
    caption: str
    place: int
    draw: Callable[[Material], Iterator[Panel]]
