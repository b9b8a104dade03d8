"""Pictures of the study `manifold`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from scorer.studies._manifold_answers import SIGNIFICANCE
from scorer.studies._models import loss_of
from scorer.studies._views import VIEWS
from scorer.style import BLUE, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scorer.studies.manifold import Seen

LEAST = 1e-6
"""Mean losses below this are drawn there."""


def attacks(seen: Seen) -> Figure:
    """Draw the AUC of every row and view, for single examples and for all together."""
    rows = list(seen.attacks)
    figure, axes = new_figure(1, 2, height=0.36 * len(rows) + 1.5, sharey=True)
    single = [[one.aucs.mean() for one in seen.attacks[row].values()] for row in rows]
    together = [[one.set_level.auc for one in seen.attacks[row].values()] for row in rows]
    caught = np.array([[p <= SIGNIFICANCE for p in seen.p_values[row].values()] for row in rows])
    for ax, values, bold, title in (
        (axes[0, 0], np.array(single), np.zeros_like(caught), "single examples"),
        (axes[0, 1], np.array(together), caught, "all examples together"),
    ):
        ax.imshow(values, cmap="Blues", vmin=0.5, vmax=1.0, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            ax.text(
                column, row, f"{value:.2f}", ha="center", va="center", fontsize=9,
                color="white" if value > 0.8 else "black",
                fontweight="bold" if bold[row, column] else "normal",
            )  # fmt: skip
        ax.set(xticks=range(len(VIEWS)), yticks=range(len(rows)), title=title)
        ax.set_xticklabels(VIEWS, rotation=40, ha="right")
        ax.set_yticklabels(rows)
        ax.grid(False)
        ax.tick_params(length=0)
    return figure


def variance(confidences: Mapping[str, np.ndarray]) -> Figure:
    """Draw the mean loss of each example against the variance of its confidence over models."""
    figure, axes = new_figure(1, 2, height=3.6, sharex=True, sharey=True)
    for ax, (name, own), colour in zip(axes[0], confidences.items(), (BLUE, ORANGE), strict=True):
        ax.scatter(
            own.var(axis=0), np.maximum(loss_of(own).mean(axis=0), LEAST), s=9, c=colour, alpha=0.5,
            linewidths=0,
        )  # fmt: skip
        ax.set(xscale="log", yscale="log", title=name, xlabel="variance of the confidence")
    axes[0, 0].set_ylabel("mean loss")
    return figure
