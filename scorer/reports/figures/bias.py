"""Mean and spread of the unlearned models against the oracles', a point an example."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.reports.drawing import (
    CEILING,
    GROUPS,
    METHOD,
    MOST_MARKS,
    new_panel,
    plain_numbers,
)
from scorer.reports.figures.base import PageFigure, Panel
from scorer.reports.material import Material
from scorer.reports.words import on_figure, percent
from scorer.style import BLACK, MARKERS


def draw(material: Material) -> Iterator[Panel]:
    """Draw the means, then the spreads."""
    banks = material.bank("unlearned"), material.bank("oracle")
    strata = material.array("stratum").astype(str)
    own, truth = (bank.mean(axis=0) for bank in banks)
    spreads = [bank.std(axis=0, ddof=1) for bank in banks]
    above = float((own > truth).mean())
    # Two oracle banks differ by this much in 19 of 20 examples.
    reach = 2 * float(np.median(spreads[1])) * np.sqrt(2 / material.record.n_models)
    yield _panel(
        "mean",
        (truth, own),
        strata,
        ("oracles: mean confidence (logits)", "unlearned: mean confidence"),
        f"Mean confidence of each example: on {percent(above)} of {len(own)} examples the unlearned"
        " models are surer of the label than the oracles.",
        reach=reach,
    )
    is_drawn = (spreads[0] > 0) & (spreads[1] > 0)
    wider = float((spreads[0] > spreads[1]).mean())
    left_out = len(own) - int(is_drawn.sum())
    yield _panel(
        "spread",
        (spreads[1][is_drawn], spreads[0][is_drawn]),
        strata[is_drawn],
        ("oracles: spread over models (logits)", "unlearned: spread over runs"),
        f"Spread over models of each example: on {percent(wider)} the unlearned models spread more"
        " than the oracles"
        + (f"; {left_out} without any spread are left out." if left_out else "."),
        is_log=True,
    )


def _panel(
    name: str,
    points: tuple[FloatArray, FloatArray],
    strata: np.ndarray,
    labels: tuple[str, str],
    said: str,
    *,
    reach: float = 0.0,
    is_log: bool = False,
) -> Panel:
    """Return a scatter around the line of equality, a colour and a shape a stratum."""
    figure, axes = new_panel(3.6)
    x, y = points
    if is_log:
        axes.set(xscale="log", yscale="log")
    if x.size:
        ends = np.array([min(x.min(), y.min()), max(x.max(), y.max())])
        axes.plot(ends, ends, color=BLACK, linewidth=0.9, label="equal")
        if reach:
            axes.fill_between(ends, ends - reach, ends + reach, color=CEILING, alpha=0.25,
                              linewidth=0, label="two oracle banks")  # fmt: skip
    groups = sorted(set(strata.tolist()))
    for place, group in enumerate(groups):
        colour = METHOD if len(groups) == 1 else GROUPS[place % len(GROUPS)]
        mine = strata == group
        axes.scatter(x[mine], y[mine], s=16, color=colour, alpha=0.75, linewidth=0,
                     marker=MARKERS[place % len(MARKERS)], label=on_figure(group),
                     rasterized=x.size > MOST_MARKS)  # fmt: skip
    axes.set(xlabel=labels[0], ylabel=labels[1])
    for axis in (axes.xaxis, axes.yaxis) if is_log else ():
        plain_numbers(axis)
    if x.size:
        axes.legend(markerscale=1.2)
    return Panel(name, figure, said)


FIGURE = PageFigure(
    name="bias",
    summary="mean and spread of each example against the oracles'",
    title="What to mend: bias and spread",
    caption=(
        "Each point is a forget example. Left: points above the line are answered too surely,"
        " below it too doubtfully. Right: points below the line are answered too much alike from"
        " run to run. Good: both clouds along the line, the left one within the green band, which"
        " holds what two banks of retrained models differ by."
    ),
    place=70,
    draw=draw,
)
