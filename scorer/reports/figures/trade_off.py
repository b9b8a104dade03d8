"""What one attack on all forget examples together reaches: its errors against each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scorer.metric.trade_off import TradeOff, pooled_trade_off
from scorer.reports.drawing import CEILING, FLOOR, METHOD, new_panel, plain_numbers
from scorer.reports.figures.base import PageFigure, Panel
from scorer.reports.material import Material, Unavailable
from scorer.style import BLACK

STYLES = {"unlearned": (METHOD, "-"), "control": (CEILING, "-"), "floor": (FLOOR, "--")}


def draw(material: Material) -> Iterator[Panel]:
    """Draw both errors, and the true positives at small false positives."""
    oracle = material.bank("oracle")
    names = {"unlearned": "this method", "control": "ceiling", "floor": "floor"}
    curves: dict[str, TradeOff] = {}
    for role in names:
        try:
            curves[role] = pooled_trade_off(material.bank(role), oracle)
        except Unavailable:
            if role == "unlearned":
                raise
            continue  # an older record has no such bank, and the other curves say enough
    said = ", ".join(f"{names[role]} {curve.auc:.2f}" for role, curve in curves.items())
    figure, axes = new_panel()
    axes.plot([0, 1], [1, 0], color=BLACK, linewidth=0.9, linestyle=":", label="guessing")
    for role, curve in curves.items():
        colour, style = STYLES[role]
        axes.plot(curve.fpr, 1 - curve.tpr, color=colour, linestyle=style, label=names[role])
    axes.set(xlabel="false-positive rate", ylabel="false-negative rate")
    axes.legend()
    yield Panel("errors", figure, f"Errors of the pooled attack against each other. AUC: {said}.")
    figure, axes = new_panel()
    least = 1 / oracle.size
    line = np.geomspace(least, 1, 50)
    axes.plot(line, line, color=BLACK, linewidth=0.9, linestyle=":", label="guessing")
    for role, curve in curves.items():
        colour, style = STYLES[role]
        axes.plot(curve.fpr, np.maximum(curve.tpr, least), color=colour, linestyle=style,
                  label=names[role])  # fmt: skip
    axes.set(xscale="log", yscale="log", xlim=(least, 1), ylim=(least, 1.3),
             xlabel="false-positive rate", ylabel="true-positive rate")  # fmt: skip
    plain_numbers(axes.xaxis)
    plain_numbers(axes.yaxis)
    at = {names[role]: curve.tpr_at(0.01) for role, curve in curves.items()}
    caught = ", ".join(f"{name} {value:.3f}" for name, value in at.items())
    yield Panel("roc", figure, f"True positives at 1 % false positives: {caught}.")


FIGURE = PageFigure(
    name="trade_off",
    summary="errors of an attack that pools all forget examples",
    title="One attack on all examples",
    caption=(
        "Confidences in units of each example's spread, all examples in one pot, one threshold:"
        " “unlearned” on one side, “retrained” on the other. Left both errors, right the true"
        " positives where false alarms are few. Good: the curve lies on the dotted line of"
        " guessing, as the ceiling's does."
    ),
    place=60,
    draw=draw,
)
