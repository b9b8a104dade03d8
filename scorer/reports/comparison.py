"""A comparison of two methods as a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scorer.errors import ScorerError
from scorer.metric.arrays import FloatArray
from scorer.reports.drawing import (
    GROUPS,
    METHOD,
    MOST_MARKS,
    new_panel,
    page_style,
)
from scorer.reports.figures.base import Panel
from scorer.reports.figures.epsilons import draw_shares, shares
from scorer.reports.page import Section, render, to_section
from scorer.reports.words import on_figure, percent
from scorer.results.compare import QUESTIONS, Comparison
from scorer.results.record import Record, read_arrays
from scorer.results.tables import Line, gaps, number, p_equation, p_number, score_lines
from scorer.style import BLACK, MARKERS, RED

SIGNIFICANCE = 0.05
CAP_SHOWN = 6.0
"""Epsilon up to which single examples are drawn; what is above stands at the edge."""


def comparison_page(found: Comparison, results_dir: Path, made_by: str) -> str:
    """Return the page about two methods.

    Args:
        found: what the comparison found.
        results_dir: where the arrays of both lie.
        made_by: the command that writes it.
    """
    one, other, paired = found.first, found.second, found.paired
    lines = score_lines(one), score_lines(other)
    return render(
        "compare.html",
        first=one.method,
        second=other.method,
        task=one.task,
        verdict=_verdict(found),
        about=f"N = {one.n_models} models, rule {one.rule}, delta {one.delta:g}, design"
        f" {one.design}, fingerprint {one.fingerprint[:8]}; both against the same oracles",
        tiles=[
            ("F", number(one.forgetting_quality), one.method),
            ("F", number(other.forgetting_quality), other.method),
            ("difference", f"{paired.difference:+.3f}", f"± {paired.standard_error:.3f}"),
            *(
                ("p", p_number(getattr(paired, name)), question)
                for name, question in QUESTIONS.items()
            ),
        ],
        sections=_sections(found, results_dir),
        score=_side_by_side(*lines),
        gaps=list(dict.fromkeys([*gaps(lines[0]), *gaps(lines[1])])),
        runs=f"{one.run_id} and {other.run_id}",
        made_by=made_by,
    )


def _verdict(found: Comparison) -> str:
    """Return in one sentence which is better, and how sure that is."""
    paired = found.paired
    names = found.first.method, found.second.method
    better, worse = names if paired.difference > 0 else names[::-1]
    by = f"by {abs(paired.difference):.3f} ± {paired.standard_error:.3f} of F"
    if paired.p_equal_quality <= SIGNIFICANCE:
        said = f"{better} forgets better than {worse}, {by} ({p_equation(paired.p_equal_quality)})"
    else:
        said = (
            f"These models do not tell which forgets better: {better} is ahead {by}, which chance"
            f" gives too ({p_equation(paired.p_equal_quality)})"
        )
    if paired.p_equal_law <= SIGNIFICANCE:
        return f"{said}; their models are of two laws ({p_equation(paired.p_equal_law)})."
    return f"{said}; run by run nobody tells their models apart ({p_equation(paired.p_equal_law)})."


def _side_by_side(one: list[Line], other: list[Line]) -> list[list[str]]:
    """Return label, both values, ceiling and floor of each line that both have."""
    second = {line.label: line.cells for line in other}
    return [
        [line.label, line.cells[0], second[line.label][0], *line.cells[1:]]
        for line in one
        if line.label in second
    ]


def _sections(found: Comparison, results_dir: Path) -> list[Section]:
    """Return the figures, or the reason why there are none."""
    try:
        both = [_epsilons(record, results_dir) for record in (found.first, found.second)]
        strata = read_arrays(found.first, results_dir)["stratum"].astype(str)
        if not len(both[0]) == len(both[1]) == len(strata):
            raise ScorerError("the arrays of both records are of different forget sets")
    except (ScorerError, KeyError, ValueError) as error:
        return [Section("shapes", "Example by example", "", [], f"{error}")]
    with page_style():
        return [
            to_section(
                "difference",
                "The difference",
                "F of the first method less F of the second, with two standard errors of the paired"
                " difference: models are left out of both at once. The p above says whether it is"
                " real; with few originals that takes more than two standard errors.",
                [_difference(found)],
            ),
            to_section(
                "shapes",
                "Example by example",
                "Left: how epsilon is distributed for both; further left is better. Right: each"
                " point is a forget example. Below the line the second method forgets it better,"
                " above it the first.",
                [_shapes(found, both), _scatter(found, both, strata)],
            ),
        ]


def _epsilons(record: Record, results_dir: Path) -> FloatArray:
    """Return epsilon of every forget example `(n_examples,)`."""
    return np.asarray(read_arrays(record, results_dir)["epsilons"], dtype=np.float64)


def _names(found: Comparison) -> tuple[str, str]:
    """Return both names as they stand in figures."""
    return on_figure(found.first.method), on_figure(found.second.method)


def _difference(found: Comparison) -> Panel:
    """Return difference and error as a bar."""
    paired = found.paired
    figure, axes = new_panel(1.3)
    axes.axvline(0, color=BLACK, linewidth=0.9, linestyle=":")
    axes.errorbar([paired.difference], [0], xerr=2 * paired.standard_error, fmt="D", color=METHOD,
                  markersize=8, elinewidth=2.5)  # fmt: skip
    axes.set(yticks=[], ylim=(-1, 1), xlabel="difference of F")
    axes.margins(x=0.3)
    axes.spines["left"].set_visible(False)
    low, high = (paired.difference + k * 2 * paired.standard_error for k in (-1, 1))
    return Panel(
        "", figure, f"Difference of F {paired.difference:+.4f}, {low:+.4f} to {high:+.4f}."
    )


def _shapes(found: Comparison, both: list[FloatArray]) -> Panel:
    """Return both distributions of epsilon."""
    first, second = _names(found)
    second = second if second != first else f"{second} (2)"
    n = found.first.n_models
    by_name = {first: shares(both[0], n), second: shares(both[1], n)}
    panel = draw_shares(by_name, {first: METHOD, second: RED})
    return Panel("shares", panel.figure, panel.alternative)


def _scatter(found: Comparison, both: list[FloatArray], strata: np.ndarray) -> Panel:
    """Return epsilons of both methods against each other."""
    first, second = _names(found)
    figure, axes = new_panel(3.2)
    axes.plot([0, CAP_SHOWN], [0, CAP_SHOWN], color=BLACK, linewidth=0.9)
    x, y = (np.minimum(each, CAP_SHOWN) for each in both)
    for place, group in enumerate(sorted(set(strata.tolist()))):
        mine = strata == group
        axes.scatter(x[mine], y[mine], s=16, alpha=0.75, linewidth=0,
                     color=GROUPS[place % len(GROUPS)], marker=MARKERS[place % len(MARKERS)],
                     label=on_figure(group), rasterized=x.size > MOST_MARKS)  # fmt: skip
    axes.set(xlabel=f"epsilon of {first}", ylabel=f"epsilon of {second}")
    axes.legend()
    wins = float((both[0] < both[1]).mean()), float((both[0] > both[1]).mean())
    said = f"{first} has the smaller epsilon on {percent(wins[0])}, {second} on {percent(wins[1])}"
    return Panel("scatter", figure, f"Epsilons of {len(x)} examples: {said}.")
