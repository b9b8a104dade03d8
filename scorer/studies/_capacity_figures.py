"""Pictures of the study `capacity`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scorer.studies.findings import error_reach
from scorer.style import BLACK, BLUE, CYCLE, GREEN, MARKERS, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scorer.studies.capacity import Capacity

SET_COLOURS = {"train": BLUE, "forget": ORANGE, "test": GREEN}
LEAST_LOSS = 1e-6
BINS = np.linspace(np.log10(LEAST_LOSS), 1.3, 26).tolist()


def gaps(capacities: Mapping[tuple[int, int], Capacity], fine_tuning: str, best: str) -> Figure:
    """Draw the gap against capacity, and scores against the gap."""
    figure, axes = new_figure(1, 2, height=3.7)
    left, right = axes[0]
    for place, depth in enumerate(sorted({depth for depth, _ in capacities})):
        own = [one for size, one in capacities.items() if size[0] == depth]
        numbers = [one.gap for one in own]
        left.errorbar(
            [one.n_parameters for one in own], [n.value for n in numbers], error_reach(numbers),
            marker=MARKERS[place], color=CYCLE[place], label=f"{depth} block{'s' * (depth > 1)}",
        )  # fmt: skip
    left.axhline(0.5, color=BLACK, linewidth=0.8)
    left.set(xscale="log", xlabel="parameters", ylabel="gap: AUC of the loss, train / test")
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=8,
                columnspacing=0.8)  # fmt: skip
    x = np.array([one.gap.value for one in capacities.values()])
    for place, name in enumerate(("original", fine_tuning, best)):
        scores = [one.scores[name].relative_score for one in capacities.values()]
        label = "doing nothing" if name == "original" else name
        right.errorbar(
            x, [s.value for s in scores], error_reach(scores), fmt=MARKERS[place],
            color=CYCLE[place], elinewidth=0.8, label=label, markersize=5,
        )  # fmt: skip
    right.axhline(1.0, color=BLACK, linewidth=0.8)
    right.set(xlabel="gap", ylabel="relative score", ylim=(0, None))
    right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=8,
                 columnspacing=0.8, handletextpad=0.2)  # fmt: skip
    return figure


def losses(
    capacities: Mapping[tuple[int, int], Capacity], depths: Sequence[int], widths: Sequence[int]
) -> Figure:
    """Draw histograms of the losses on all sets, one panel a capacity."""
    height = 1.35 * len(depths) + 0.8
    figure, axes = new_figure(len(depths), len(widths), height=height, sharex=True, sharey=True)
    for row, depth in enumerate(depths):
        for column, width in enumerate(widths):
            ax = axes[row, column]
            one = capacities.get((depth, width))
            if one is None:
                ax.set_axis_off()
            else:
                _histograms(ax, one)
            if row == 0:
                ax.set_title(f"{width} channels")
            if column == 0:
                ax.set_ylabel(f"{depth} block{'s' * (depth > 1)}")
    figure.supxlabel("loss, powers of 10", fontsize=11)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


def _histograms(ax: Axes, one: Capacity) -> None:
    """Draw the losses of one capacity."""
    for name, colour in SET_COLOURS.items():
        found = np.log10(np.clip(one.losses[name].ravel(), LEAST_LOSS, 10 ** BINS[-1]))
        ax.hist(found, BINS, density=True, histtype="step", color=colour, label=name, linewidth=1.5)
    ax.set(yticks=[], xticks=[-6, -4, -2, 0])
