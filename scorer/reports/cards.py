"""The worst and the best examples, one card each: image, both distributions, what is certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.reports.drawing import CEILING, METHOD, OTHER, new_panel
from scorer.reports.figures.base import Panel
from scorer.reports.material import Material
from scorer.results.examples import CANNOT_TELL, FORGOTTEN, LEAKS, Example, Examples

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_CARDS = 12
"""Of the worst, and of the best."""

BEST_FIRST = (FORGOTTEN, CANNOT_TELL, LEAKS)
CARD_INCHES = 3.7
N_BINS = 24
MARGIN = 0.04
"""Of the axis beyond the outermost confidence, as a share of its length."""


@dataclass(frozen=True, eq=False)
class Card:
    """One example as a page shows it.

    Attributes:
        example: numbers and verdict.
        panel: both distributions over models.
        label: class; None where the data set is not here.
        index: place in the data set, likewise.
        subject: whom it is of; None where nobody knows.
        image: `src` of an HTML image; None where there is none to show.
    """

    example: Example
    panel: Panel
    label: int | None
    index: int | None
    subject: int | None
    image: str | None


def make_cards(material: Material, examples: Examples) -> tuple[list[Card], list[Card]]:
    """Return the cards of the worst examples and of the best, without an example in both.

    Raises:
        Unavailable: the record's arrays are not there.
    """
    n = min(N_CARDS, (len(examples.rows) + 1) // 2)
    worst = examples.worst(n)
    left = [row for row in examples.rows if row not in worst]
    best = sorted(left, key=lambda row: (BEST_FIRST.index(row.verdict), row.epsilon))[:n]
    banks = material.bank("unlearned"), material.bank("oracle")
    return _cards(worst, banks, material), _cards(best, banks, material)


def _cards(
    rows: Sequence[Example], banks: tuple[FloatArray, FloatArray], material: Material
) -> list[Card]:
    """Return a card a row."""
    found = []
    pictures = material.pictures
    for row in rows:
        own, truth = (bank[:, row.example] for bank in banks)
        panel = _panel(row, own, truth)
        if pictures is None:
            found.append(Card(row, panel, None, None, None, None))
            continue
        subjects = pictures.subjects
        found.append(
            Card(
                row,
                panel,
                label=int(pictures.labels[row.example]),
                index=int(pictures.indices[row.example]),
                subject=None if subjects is None else int(subjects[row.example]),
                image=pictures.source(row.example),
            )
        )
    return found


def _panel(row: Example, own: FloatArray, truth: FloatArray) -> Panel:
    """Return both banks back to back, the interval of the attack that told best shaded."""
    figure, axes = new_panel(1.85, width_inches=CARD_INCHES)
    low, high = min(own.min(), truth.min()), max(own.max(), truth.max())
    reach = MARGIN * (high - low) or 0.5
    edges = np.linspace(low - reach, high + reach, N_BINS + 1)
    _shade(axes, row, float(edges[0]), float(edges[-1]))
    for bank, colour, sign in ((own, METHOD, 1), (truth, CEILING, -1)):
        counts = sign * np.histogram(bank, edges)[0]
        axes.stairs(counts, edges, fill=True, color=colour, alpha=0.55)
        axes.stairs(counts, edges, color=colour, linewidth=1.2)
    axes.axhline(0, color="#000000", linewidth=0.8)
    most = max(np.histogram(bank, edges)[0].max() for bank in (own, truth))
    axes.set_ylim(-1.08 * most, 1.08 * most)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("confidence (logits)")
    if row.low is not None or row.high is not None:
        axes.text(1, 1.02, f"shaded: called {row.inside}", transform=axes.transAxes, va="bottom",
                  ha="right", fontsize=9)  # fmt: skip
    axes.text(0, 1.02, "unlearned", color=METHOD, transform=axes.transAxes, va="bottom", fontsize=9)
    axes.text(0, 0, "oracles", color=CEILING, transform=axes.transAxes, va="bottom", fontsize=9)
    return Panel(
        f"{row.example:06d}",
        figure,
        f"Confidences of {own.size} unlearned models, {own.mean():.2f} on average, and of as many"
        f" oracles, {truth.mean():.2f}.",
    )


def _shade(axes: Axes, row: Example, left: float, right: float) -> None:
    """Shade what the attack calls the bank inside, between its thresholds."""
    if row.low is None and row.high is None:
        return  # it needs no threshold, or there is none
    start = left if row.low is None else max(left, row.low)
    end = right if row.high is None else min(right, row.high)
    axes.axvspan(start, end, color=OTHER, alpha=0.22, linewidth=0)
    for threshold in (row.low, row.high):
        if threshold is not None and left <= threshold <= right:
            axes.axvline(threshold, color=OTHER, linewidth=1, linestyle="--")
