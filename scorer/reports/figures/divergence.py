"""How far whole distributions are from the oracles', by set: KLoM, and Jeffreys beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scorer.reports.drawing import CEILING, METHOD, new_panel, plain_numbers
from scorer.reports.figures.base import PageFigure, Panel
from scorer.reports.material import Material, Unavailable

SETS = ("forget", "retain", "val")
LEAST = 0.01
"""Nats; less is drawn there, since the axis is logarithmic."""

TITLES = {"klom": "KLoM", "jeffreys": "Jeffreys divergence"}


def draw(material: Material) -> Iterator[Panel]:
    """Draw one panel a measure that the record has."""
    found = False
    for name, title in TITLES.items():
        values: Mapping[str, Any] | None = material.record.measured.get(name)
        sets = [each for each in SETS if values and values.get(each) is not None]
        if values and sets:
            found = True
            yield _panel(name, title, values, sets)
    if not found:
        raise Unavailable(material.record.why_missing("klom") or "the record has no KLoM")


def _panel(name: str, title: str, values: Mapping[str, Any], sets: list[str]) -> Panel:
    """Return method and ceiling a set, joined by a line."""
    figure, axes = new_panel(2.4)
    places = range(len(sets) - 1, -1, -1)
    own = [max(values[each], LEAST) for each in sets]
    ceiling = [values.get(f"{each}_ceiling") for each in sets]
    known = [(p, max(c, LEAST), o) for p, c, o in zip(places, ceiling, own, strict=True)
             if c is not None]  # fmt: skip
    for place, one, other in known:
        axes.plot([one, other], [place, place], color="#dddddd", linewidth=4, zorder=1,
                  solid_capstyle="round")  # fmt: skip
    axes.plot([c for _, c, _ in known], [p for p, _, _ in known], "|", color=CEILING,
              markersize=14, markeredgewidth=2.5, label="ceiling")  # fmt: skip
    axes.plot(own, list(places), "o", color=METHOD, markersize=7, label="this method")
    axes.set(xscale="log", ylim=(-0.6, len(sets) - 0.4), xlabel=f"{title}, 95th percentile (nats)")
    axes.set_yticks(list(places), sets)
    plain_numbers(axes.xaxis)
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    said = ", ".join(
        f"{each} {values[each]:.2f}" + ("" if c is None else f" (ceiling {c:.2f})")
        for each, c in zip(sets, ceiling, strict=True)
    )
    return Panel(name, figure, f"{title} by set: {said}.")


FIGURE = PageFigure(
    name="divergence",
    summary="KLoM and Jeffreys divergence by set",
    title="Distance from the oracles by set",
    caption=(
        "How far the answers on each set are from those of retrained models, on the worst twentieth"
        " of the examples. KLoM compares histograms, Jeffreys means and spreads. Good: every dot on"
        " the green stroke, which is what a second bank of retrained models gets; a dot far to the"
        " right on retain or val is damage beside the forgetting."
    ),
    place=90,
    draw=draw,
)
