"""F after each request of a stream, between ceiling and floor, as a figure beside the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scorer.results.record import Record
from scorer.style import BLUE, GREEN, RED, house_style, new_figure, save

LINES = (
    ("forgetting_quality", "forgetting_quality_se", BLUE, "o", "-"),
    ("ceiling", "ceiling_se", GREEN, "^", "--"),
    ("floor", None, RED, "v", ":"),
)
"""What is drawn: field, field of its standard error, colour, marker and line."""

BARS = 2.0
"""Standard errors that an error bar reaches to either side."""


def draw_requests(record: Record, path: Path) -> Path:
    """Draw F, its ceiling and the floor over the requests of a stream.

    Args:
        record: of a stream that was run to its end.
        path: of the record's JSON; PNG and SVG get its name.

    Returns:
        The path of the PNG.
    """
    states = record.requests
    # Between two of these signs matplotlib would read a formula.
    method, task = (name.replace("$", r"\$") for name in (record.method, record.task))
    labels = [f"{each['request']}\n({each['n_requested']})" for each in states]
    place = np.arange(1, len(states) + 1)
    with house_style():
        figure, axes = new_figure()
        ax = axes[0, 0]
        for name, error, colour, marker, line in LINES:
            heights = _numbers(states, name)
            reach = None if error is None else BARS * _numbers(states, error)
            label = f"F of {method}" if name == LINES[0][0] else name
            ax.errorbar(
                place, heights, reach, color=colour, marker=marker, ls=line, capsize=3, label=label
            )
        ax.set_xticks(place, labels)
        ax.set_xlabel("request (examples requested so far)")
        ax.set_ylabel("forgetting quality F")
        ax.set_ylim(bottom=0)
        ax.set_title(
            f"{method} on {task}, {record.scenario}, N={record.n_models};"
            f" bars: {BARS:g} standard errors"
        )
        ax.legend()
        stem = path.with_suffix("")
        save(figure, stem)
    return stem.with_suffix(".png")


def _numbers(states: list[Any], name: str) -> np.ndarray:
    """Return one measurement after each request, NaN where it is missing."""
    found = [each["measured"].get(name) for each in states]
    return np.array([np.nan if it is None else it for it in found], dtype=np.float64)
