"""Pictures of the study `known_truth`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scorer.style import CYCLE, MARKERS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scorer.studies.known_truth import LawFound

MOST = 6.0
"""Where an epsilon that is infinite or at the cap is drawn."""

LABELS = {
    "truth": "truth",
    "competition": "rule competition",
    "exact": "rule exact",
    "bound": "certified bound",
}


def powers(found: Mapping[str, Mapping[str, float]], numbers: Sequence[str]) -> Figure:
    """Draw how often each number notices each fake.

    Args:
        found: power by number, by fake.
        numbers: columns.
    """
    figure, axes = new_figure(1, 1, height=0.8 + 0.28 * len(found))
    ax = axes[0, 0]
    grid = np.array([[row[name] for name in numbers] for row in found.values()])
    ax.imshow(grid, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for (line, column), power in np.ndenumerate(grid):
        ink = "white" if power > 0.6 else "black"
        ax.text(column, line, f"{power:.2f}", ha="center", va="center", color=ink, fontsize=8)
    ax.set_xticks(range(len(numbers)), labels=numbers, rotation=30, ha="right", fontsize=9)
    ax.set_yticks(range(len(found)), labels=list(found), fontsize=9)
    ax.grid(visible=False)
    return figure


def epsilons(found: Sequence[LawFound]) -> Figure:
    """Draw the medians of what each law gets beside its true epsilon, rising."""
    rows = sorted(found, key=lambda one: min(one.truth, MOST))
    figure, axes = new_figure(1, 1, height=0.8 + 0.24 * len(rows))
    ax = axes[0, 0]
    for place, (name, label) in enumerate(LABELS.items()):
        values = [min(getattr(one, name), MOST) for one in rows]
        ax.plot(
            values, range(len(rows)), MARKERS[place], color=CYCLE[place], label=label, alpha=0.8
        )
    ax.set_yticks(range(len(rows)), labels=[one.law for one in rows], fontsize=8.5)
    ax.set_xlabel(f"epsilon; {MOST:g} stands for all that is larger")
    ax.legend(loc="lower right", fontsize=8.5)
    return figure
