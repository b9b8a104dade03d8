"""Pictures of the study `entry`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scorer.studies.findings import error_reach
from scorer.style import BLACK, CYCLE, MARKERS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from scorer.studies._entry_bound import Bound
    from scorer.studies.entry import Ablation

TICKS = (0.5, 1.0, 2.0, 5.0, 10.0)


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


def bound_bars(bound: Bound) -> Figure:
    """Draw the error of every prediction, left, and the scores that means and spreads buy."""
    figure, axes = new_figure(1, 2, height=4.2)
    left, right = axes[0]
    names = list(bound.predictors)
    for series, which in enumerate(("known", "fitted")):
        errors = [getattr(one, which).rms for one in bound.predictors.values()]
        left.errorbar(
            [error.value for error in errors],
            [place + 0.3 * series for place in range(len(names))],
            xerr=error_reach(errors),
            color=CYCLE[series],
            marker=MARKERS[series],
            linestyle="none",
            elinewidth=1.0,
            label=("from what is given", "fitted to other oracles")[series],
        )
    # That of one oracle as a prediction of their mean.
    left.axvline(1.0, color=BLACK, linewidth=0.8)
    left.set(xlabel="rms error, oracle sd", xscale="log")
    left.set_xticks(TICKS, labels=[f"{tick:g}" for tick in TICKS])
    left.set_xticks([], minor=True)
    left.set_yticks(range(len(names)), labels=names)
    left.invert_yaxis()
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8.5)
    scores = [one.relative_score for one in bound.changed.scores.values()]
    right.errorbar(
        [score.value for score in scores],
        range(len(scores)),
        xerr=error_reach(scores),
        color=CYCLE[0],
        marker=MARKERS[0],
        linestyle="none",
        elinewidth=1.0,
    )
    right.axvline(1.0, color=BLACK, linewidth=0.8)
    right.set_yticks(range(len(scores)), labels=list(bound.changed.scores))
    right.invert_yaxis()
    right.set(xlabel="relative score", xlim=(0, None))
    for ax in (left, right):
        ax.tick_params(axis="y", labelsize=8)
    return figure
