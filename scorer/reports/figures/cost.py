"""What forgetting costs: score against time, forgetting against accuracy, over the whole board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scorer.reports.drawing import CEILING, FLOOR, METHOD, OTHER, new_panel
from scorer.reports.figures.base import PageFigure, Panel
from scorer.reports.material import Material, Unavailable
from scorer.reports.words import on_figure
from scorer.results.leaderboard import Row

Point = tuple[float, float, Row]


def front(points: Sequence[tuple[float, float]], *, less_is_better: bool) -> list[int]:
    """Return the points that no other beats in both directions, from left to right.

    Args:
        points: `(cost or utility, gain)`; of the gain more is better.
        less_is_better: whether that holds of the first number.

    Example:
        >>> front([(0.1, 1.0), (0.2, 0.5), (0.3, 2.0)], less_is_better=True)
        [0, 2]
    """
    sign = 1 if less_is_better else -1
    order = sorted(range(len(points)), key=lambda k: (sign * points[k][0], -points[k][1]))
    found: list[int] = []
    for k in order:
        if not found or points[k][1] > points[found[-1]][1]:
            found.append(k)
    return sorted(found, key=lambda k: points[k][0])


def draw(material: Material) -> Iterator[Panel]:
    """Draw score against time, then F against utility."""
    budget = material.group.budget if material.group else None
    timed = [
        (row.values["time_ratio"], row.values["relative_score"], row)
        for row in material.rows
        if row.kind == "method" and _has(row, "time_ratio", "relative_score")
    ]
    if timed:
        yield _panel("time", timed, material, budget)
    ceiling = next(row for row in material.rows if row.kind == "ceiling")
    whole = _utility(ceiling)
    if not whole:
        raise Unavailable("the board has no accuracies of retrained models")
    useful = [
        (_utility(row) / whole, row.values["forgetting_quality"], row)
        for row in material.rows
        if _has(row, "retain_accuracy", "test_accuracy", "forgetting_quality")
    ]
    yield _panel("utility", useful, material, None)


def _has(row: Row, *names: str) -> bool:
    """Tell whether a line of the board has all these numbers."""
    return all(row.values.get(name) is not None for name in names)


def _utility(row: Row) -> float:
    """Return retain times test accuracy, 0 where one is not known."""
    known = [row.values.get(name) or 0.0 for name in ("retain_accuracy", "test_accuracy")]
    return float(known[0] * known[1])


def _panel(name: str, points: Sequence[Point], material: Material, budget: float | None) -> Panel:
    """Return a scatter of the board with its front."""
    figure, axes = new_panel(3.5)
    is_time = name == "time"
    best = front([point[:2] for point in points], less_is_better=is_time)
    axes.plot([points[k][0] for k in best], [points[k][1] for k in best], color=OTHER, linewidth=1,
              drawstyle="steps-post" if is_time else "steps-pre", zorder=1)  # fmt: skip
    looks = {"ceiling": ("*", CEILING, 140), "reference": ("*", CEILING, 60),
             "floor": ("v", FLOOR, 50), "method": ("o", OTHER, 22)}  # fmt: skip
    for x, y, row in points:
        marker, colour, size = ("D", METHOD, 64) if material.is_own(row) else looks[row.kind]
        axes.scatter([x], [y], marker=marker, color=colour, s=size, zorder=3)
        if material.is_own(row) or row.kind in ("ceiling", "floor"):
            below = -12 if material.is_own(row) else 5  # so that it hides no floor beside it
            axes.annotate(on_figure(row.method), (x, y), xytext=(7, below), color=colour,
                          textcoords="offset points", fontsize=9, zorder=4)  # fmt: skip
    if is_time:
        axes.set(xlabel="time of a run / retraining", ylabel="relative score")
        if budget is not None:
            end = max(axes.get_xlim()[1], budget * 1.1)
            axes.axvspan(budget, end, color=FLOOR, alpha=0.1, linewidth=0)
            axes.text(end, 0.99, "over the budget ", color=FLOOR, fontsize=9, va="top", ha="right",
                      transform=axes.get_xaxis_transform())  # fmt: skip
    else:
        axes.set(xlabel="RA x TA / those of retrained models", ylabel="forgetting quality F")
    own = next((p for p in points if material.is_own(p[2])), None)
    where = f": here {own[0]:.2f} and {own[1]:.3f}" if own else ""
    names = ", ".join(on_figure(points[k][2].method) for k in best)
    axis = "Relative score against time" if is_time else "F against accuracy"
    return Panel(name, figure, f"{axis} of {len(points)} rows{where}. On the front: {names}.")


FIGURE = PageFigure(
    name="cost",
    summary="score against time and F against accuracy, over the board",
    title="What it costs",
    caption=(
        "Every method of the board; the line is the front that nobody beats in both. Left, good is"
        " up and to the left, before the budget ends. Right, good is up and to the right:"
        " forgetting with the accuracy of retrained models, where the star is."
    ),
    place=80,
    draw=draw,
)
