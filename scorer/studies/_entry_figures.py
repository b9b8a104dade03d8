"""Picture of the study `entry`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scorer.studies.findings import error_reach
from scorer.style import BLACK, CYCLE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scorer.studies.entry import Ablation


def bars(ablations: Mapping[str, Ablation]) -> Figure:
    """Draw the relative score of each variant, the whole entry on top."""
    figure, axes = new_figure(1, 1, height=3.6)
    ax = axes[0, 0]
    numbers = [one.score.relative_score for one in ablations.values()]
    places = range(len(numbers))
    ax.errorbar(
        [number.value for number in numbers],
        places,
        xerr=error_reach(numbers),
        color=CYCLE[0],
        marker="o",
        linestyle="none",
        elinewidth=1.0,
    )
    ax.axvline(1.0, color=BLACK, linewidth=0.8)
    ax.set_yticks(places, labels=list(ablations))
    ax.invert_yaxis()
    ax.set(xlabel="relative score", xlim=(0, None))
    return figure
