"""How epsilon is distributed over the forget set, beside ceiling and floor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.metric.counts import BIN_WIDTH, n_bins
from scorer.reports.drawing import CEILING, FLOOR, METHOD, new_panel
from scorer.reports.figures.base import PageFigure, Panel
from scorer.reports.material import Material, Unavailable
from scorer.reports.words import percent

LEAST_BINS = 6


def shares(epsilons: FloatArray, n_models: int) -> FloatArray:
    """Return the share of examples in each half unit of epsilon, last those without points.

    Args:
        epsilons: `(n_examples,)`.
        n_models: N, which decides where points end.

    Returns:
        `(n_bins + 1,)`, sum 1.
    """
    n = n_bins(n_models)
    places = np.minimum(np.floor(epsilons / BIN_WIDTH), n).astype(np.int64)
    return np.bincount(places, minlength=n + 1) / len(epsilons)


def draw_shares(by_name: Mapping[str, FloatArray], colours: Mapping[str, str]) -> Panel:
    """Return the panel of several distributions, the first one filled.

    Args:
        by_name: `shares` by the name of what they are of.
        colours: of each.
    """
    n = len(next(iter(by_name.values()))) - 1
    figure, axes = new_panel(3.2)
    edges = np.arange(n + 2) * BIN_WIDTH
    for place, (name, values) in enumerate(by_name.items()):
        style = ("-", "-", "--")[min(place, 2)]
        axes.stairs(values, edges, color=colours[name], linewidth=1.8, linestyle=style, label=name)
        if place == 0:
            axes.stairs(values, edges, color=colours[name], fill=True, alpha=0.25)
    step = max(1, n // LEAST_BINS)
    axes.set_xticks(
        [*edges[:n:step], edges[n] + BIN_WIDTH / 2],
        [*(f"{edge:g}" for edge in edges[:n:step]), "none"],
    )
    axes.axvline(edges[n], color="#dddddd", linewidth=1)
    axes.set(xlabel="epsilon; each half unit halves the points", ylabel="share of the examples")
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    said = "; ".join(
        f"{name}: {percent(values[-1])} earn nothing" for name, values in by_name.items()
    )
    return Panel("", figure, f"Share of the forget examples in each half unit of epsilon. {said}.")


def draw(material: Material) -> Iterator[Panel]:
    """Draw method, ceiling and floor."""
    rows = {
        "this method": ("unlearned", METHOD),
        "ceiling": ("control", CEILING),
        "floor": ("floor", FLOOR),
    }
    found, colours = {}, {}
    for label, (role, colour) in rows.items():
        try:
            found[label] = shares(material.epsilons(role), material.record.n_models)
        except Unavailable:
            if role == "unlearned":
                raise
            continue  # an older record has no such bank, and the other curves say enough
        colours[label] = colour
    yield draw_shares(found, colours)


FIGURE = PageFigure(
    name="epsilons",
    summary="how epsilon is distributed over the forget set",
    title="How far the forget set is given away",
    caption=(
        "Epsilon says how well the best attack tells unlearned from retrained models by one"
        " example. Good: the filled shape lies on the ceiling's, which is what retraining itself"
        " gets; nobody gets all of it to the left end. What piles up at “none” earns no points."
    ),
    place=20,
    draw=draw,
)
