"""The relative score between floor and ceiling, beside every other method of the board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scorer.reports.drawing import CEILING, FLOOR, METHOD, OTHER, new_panel
from scorer.reports.figures.base import PageFigure, Panel
from scorer.reports.material import Material, Unavailable
from scorer.reports.words import on_figure
from scorer.results.leaderboard import Row, is_over

MOST_ROWS = 60
"""Methods that are drawn; the rest are counted."""

ROW_INCHES = 0.165
COLOURS = {"ceiling": CEILING, "reference": CEILING, "floor": FLOOR, "method": OTHER}


def draw(material: Material) -> Iterator[Panel]:
    """Draw a dot with its error a method, best on top."""
    known = [row for row in material.rows if row.values.get("relative_score") is not None]
    if not any(material.is_own(row) for row in known):
        raise Unavailable("the score has no relative score: that of the ceiling is 0")
    ordered = sorted(known, key=lambda row: row.values["relative_score"], reverse=True)
    rows = _chosen(ordered, material)
    figure, axes = new_panel(1.0 + ROW_INCHES * len(rows))
    for place, row in enumerate(reversed(rows)):
        own = material.is_own(row)
        error = row.values.get("relative_score_se")
        colour = METHOD if own else COLOURS[row.kind]
        over = is_over(row)
        axes.errorbar(
            row.values["relative_score"], place, xerr=None if error is None else 2 * error,
            fmt="D" if own else "o", color=colour, markersize=8 if own else 5,
            markerfacecolor="none" if over else colour, capsize=0, elinewidth=1.2,
        )  # fmt: skip
        if row.kind in ("ceiling", "floor"):
            axes.axvline(row.values["relative_score"], color=colour, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(rows)), [on_figure(row.method) for row in reversed(rows)])
    for label, row in zip(axes.get_yticklabels(), reversed(rows), strict=True):
        label.set_fontsize(9)
        if material.is_own(row):
            label.set_fontweight("bold")
            label.set_color(METHOD)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel("relative score")
    axes.grid(axis="y", visible=False)
    yield Panel("", figure, _said(rows, ordered, material))


def _chosen(ordered: Sequence[Row], material: Material) -> list[Row]:
    """Return the best rows, and whatever else a reader looks for."""
    wanted = [row for row in ordered if row.kind != "method" or material.is_own(row)]
    best = [row for row in ordered if row not in wanted][: max(0, MOST_ROWS - len(wanted))]
    return [row for row in ordered if row in wanted or row in best]


def _said(rows: Sequence[Row], ordered: Sequence[Row], material: Material) -> str:
    """Return what the figure shows."""
    own = next(row for row in rows if material.is_own(row))
    marks = [
        f"{row.method} {row.values['relative_score']:.2f}"
        for row in rows
        if row.kind in ("ceiling", "floor")
    ]
    others = [row.values["relative_score"] for row in ordered if row.kind == "method"]
    left_out = len(ordered) - len(rows)
    return (
        f"Relative scores of {len(rows)} rows: {on_figure(own.method)}"
        f" {own.values['relative_score']:.2f}; {', '.join(marks)}"
        + (f"; methods from {min(others):.2f} to {max(others):.2f}" if others else "")
        + (f"; {left_out} worse methods are left out" if left_out else "")
        + "."
    )


FIGURE = PageFigure(
    name="board",
    summary="the relative score among those of the board, between floor and ceiling",
    title="Where it stands",
    caption=(
        "The score in units of what retraining gets, with every other method that was scored "
        "under the same conditions. Bars are two standard errors, hollow marks are over the "
        "budget. Good: the mark lies on the ceiling, at 1, within its bar. At the floor or below "
        "it forgets no more than the untouched original."
    ),
    place=10,
    draw=draw,
)
