"""From a matplotlib figure to SVG that stands in a page, in the page's own colours and letters."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib
from markupsafe import Markup, escape

from scorer.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, SKY, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

METHOD, CEILING, FLOOR, OTHER = BLUE, GREEN, RED, "#767676"
"""What a colour means on every page."""

GROUPS = (ORANGE, SKY, PURPLE)
"""Of strata, in alphabetical order."""

NAMES = {
    METHOD: "method",
    CEILING: "ceiling",
    FLOOR: "floor",
    OTHER: "other",
    ORANGE: "group-1",
    SKY: "group-2",
    PURPLE: "group-3",
    BLACK: "ink",
    "#262626": "ink",
    "#dddddd": "grid",
}
"""Variable of the style sheet in the place of a colour, so that both schemes can be read."""

PANEL_INCHES = 5.0
"""Width of a panel: 360 points, so that letters of 10 points are read on a phone as they are."""

MANY_DECADES = 1_000
"""Ratio of the ends of a logarithmic axis from which on it shows powers of ten alone."""

MOST_MARKS = 3_000
"""Points of a scatter that stay shapes; more become one picture in the figure."""

PAGE_STYLE: Any = {
    "text.parse_math": False,  # a dollar in a name is a dollar
    "font.size": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "lines.markersize": 5,
}


@contextmanager
def page_style() -> Iterator[None]:
    """Draw inside the block as pages want it; what the font lacks is the page's to find."""
    with house_style(), matplotlib.rc_context(PAGE_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def new_panel(
    height_inches: float = 3.4, *, width_inches: float = PANEL_INCHES
) -> tuple[Figure, Axes]:
    """Return a figure with one axes."""
    from matplotlib.figure import Figure

    # Not by pyplot, which would keep every figure, and look for a screen.
    figure = Figure(figsize=(width_inches, height_inches))
    return figure, figure.subplots()


def plain_numbers(axis: Axis) -> None:
    """Write the numbers of a logarithmic axis as they are; called when all is drawn."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    steps = (1.0,) if high > MANY_DECADES * low else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=steps, numticks=7))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def inline_svg(figure: Figure, name: str, alternative: str) -> Markup:
    """Return a figure as an `<svg>` element with a text alternative.

    Args:
        figure: drawn in `page_style`.
        name: of the figure, other than those of all others on the page: names of its parts are
            made of it.
        alternative: what the figure shows, for those who do not see it.
    """
    packed = io.StringIO()
    kept: Any = {"svg.fonttype": "none", "svg.hashsalt": name}
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with page_style(), matplotlib.rc_context(kept):
        figure.savefig(packed, format="svg", transparent=True, metadata={"Date": None})
    text = packed.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*\n\s*", " ", text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{name}-", text)
    for colour, variable in NAMES.items():
        text = re.sub(f"{colour}\\b", f"var(--{variable})", text, flags=re.IGNORECASE)
    head, _, rest = text.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    return Markup(
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {box[0] if box else ""} role="img"'
        f' aria-label="{escape(alternative)}">{rest}'
    )
