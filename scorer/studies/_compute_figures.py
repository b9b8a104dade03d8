"""Pictures of the study `compute`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scorer.studies.findings import error_reach
from scorer.style import BLACK, CYCLE, MARKERS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scorer.studies.compute import Series

LABELS = {
    "annealed": "new weights, annealed",
    "cut_off": "new weights, cut off",
    "warm": "original's weights",
    "shrunk": "shrunk weights",
}


def curves(series: Series, methods: Sequence[str], field: str) -> Figure:
    """Draw a score against the share of a retraining, trainings left and methods right."""
    figure, axes = new_figure(1, 2, height=4.0, sharey=True)
    panels = (list(LABELS), ["annealed", *methods])
    shown = 0
    for ax, names in zip(axes[0], panels, strict=True):
        for name in names:
            is_mark = ax is axes[0, 1] and name == "annealed"
            place = list(LABELS).index(name) if name in LABELS else shown
            places = list(series[name].values())
            numbers = [getattr(each.score, field) for each in places]
            ax.errorbar(
                [100 * each.share for each in places],
                [number.value for number in numbers],
                error_reach(numbers),
                color="#999999" if is_mark else CYCLE[place],
                marker=MARKERS[place],
                label=LABELS.get(name, name),
                elinewidth=1.0,
            )
            shown += not is_mark
        if field == "relative_score":
            ax.axhline(1.0, color=BLACK, linewidth=0.8)
        ax.set(xscale="log", xlabel="share of a retraining, %", ylim=(0, None))
        ticks = [round(100 * share) for share in series["annealed"]]
        ax.set_xticks(ticks, labels=[str(tick) for tick in ticks], minor=False)
        ax.set_xticks([], minor=True)
        ax.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=8.5, columnspacing=1.0
        )
    axes[0, 0].set_ylabel(field.replace("_", " "))
    return figure
