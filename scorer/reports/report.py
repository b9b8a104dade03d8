"""The report of one score: sections in their order, from the verdict to how to reproduce it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scorer.errors import ScorerError
from scorer.measures import fields
from scorer.measures.base import value_at
from scorer.reports.cards import Card, make_cards
from scorer.reports.drawing import inline_svg, page_style
from scorer.reports.figures import FIGURES
from scorer.reports.figures.base import EXAMPLES_PLACE, PageFigure, Panel
from scorer.reports.material import Material, Unavailable
from scorer.reports.page import Section, full_name, render, to_section
from scorer.reports.reproduce import command, provenance, secrets_note, split_name
from scorer.reports.verdict import headline, verdict
from scorer.results.examples import CANNOT_TELL, FORGOTTEN, LEAKS, Examples, examples_of
from scorer.results.record import Record
from scorer.results.tables import (
    diagnosis_lines,
    gaps,
    number,
    p_number,
    reach,
    score_lines,
    warnings,
)

MOST_FAULTS = 5
LOOKS = {LEAKS: "leaks", FORGOTTEN: "forgotten", CANNOT_TELL: "unsure"}


@dataclass
class Report:
    """A page, and its pictures for files.

    Attributes:
        html: the whole page.
        panels: every picture by the name of its files.
    """

    html: str = ""
    panels: dict[str, Panel] = field(default_factory=dict)


def make_report(material: Material, made_by: str) -> Report:
    """Return the page about one score; what cannot be shown says why.

    Args:
        material: of the score.
        made_by: the command that writes it.
    """
    report = Report()
    record = material.record
    before: list[Section] = []
    after: list[Section] = []
    cards: dict[str, Any] = {}
    if material.group is not None:
        for figure in sorted(FIGURES.values(), key=lambda one: one.place):
            section = _draw(figure, material, report)
            (before if figure.place < EXAMPLES_PLACE else after).append(section)
        cards = _examples(material, report)
    lines = score_lines(record)
    report.html = render(
        "report.html",
        record=record,
        verdict=verdict(record),
        gauge_values=_gauge(record),
        tiles=headline(record) if material.group is not None else [],
        warnings=warnings(record),
        faults=record.faults[:MOST_FAULTS],
        more_faults=max(0, len(record.faults) - MOST_FAULTS),
        before=before,
        after=after,
        cards=cards,
        score=[[line.label, *line.cells] for line in lines],
        gaps=gaps(lines) if material.group is not None else [],
        diagnosis=[[line.label, *line.cells] for line in diagnosis_lines(record)],
        command=command(record),
        secrets=secrets_note(record),
        split=split_name(record),
        provenance=list(provenance(record)),
        numbers=list(_numbers(record)) if material.group is not None else [],
        made_by=made_by,
    )
    return report


def _draw(figure: PageFigure, material: Material, report: Report) -> Section:
    """Return the section of a figure, with the reason where a part of it cannot be drawn."""
    panels: list[Panel] = []
    problem = ""
    with page_style():
        try:
            for panel in figure.draw(material):
                panels.append(panel)
        except Unavailable as error:
            problem = str(error)
        section = to_section(figure.name, figure.title, figure.caption, panels, problem)
    report.panels |= {full_name(figure.name, panel): panel for panel in panels}
    return section


def _examples(material: Material, report: Report) -> dict[str, Any]:
    """Return what the section of single examples shows."""
    if material.problems.get("arrays"):
        return {"problem": material.problems["arrays"]}
    try:
        examples = examples_of(material.record, material.arrays)
        with page_style():
            worst, best = make_cards(material, examples)
    except ScorerError as error:
        return {"problem": str(error)}
    for card in (*worst, *best):
        report.panels[full_name("example", card.panel)] = card.panel
    problem = material.problems.get("pictures", "")
    if material.pictures is not None:
        problem = material.pictures.problem
    return {
        "problem": "",
        "summary": _said(examples),
        "pictures_problem": problem,
        "groups": [
            (f"The {len(worst)} worst", [_shown(card) for card in worst]),
            (f"The {len(best)} best", [_shown(card) for card in best]),
        ],
    }


def _said(examples: Examples) -> str:
    """Return how many examples have each verdict, and how far N models see."""
    total = Counter(row.verdict for row in examples.rows)
    counted = (
        f"{total[LEAKS]} leak, {total[FORGOTTEN]} are forgotten as far as N can see, of"
        f" {total[CANNOT_TELL]} nobody can tell"
    )
    return f"Of {len(examples.rows)} forget examples {counted}. {reach(examples)}."


def _shown(card: Card) -> dict[str, Any]:
    """Return a card as the template prints it."""
    row = card.example
    return {
        **vars(card),
        "example": row,
        "epsilon": number(row.epsilon, 2),
        "bound": "N is too small" if row.epsilon_lb is None else number(row.epsilon_lb, 2),
        "p_value": p_number(row.p_adjusted),
        "look": LOOKS[row.verdict],
        "svg": inline_svg(
            card.panel.figure, full_name("example", card.panel), card.panel.alternative
        ),
    }


def _gauge(record: Record) -> dict[str, Any] | None:
    """Return the scale at the head of the page, None where there is no relative score."""
    value = record.measured.get("relative_score")
    if record.faults or value is None:
        return None
    ceiling, floor = record.ceiling_final_score, record.floor_final_score
    floor = None if floor is None or not ceiling else floor / ceiling
    error = record.relative_score_se
    return {
        "value": value,
        "error": error,
        "floor": floor,
        "most": max(1.1, 1.1 * value, 1.1 * (floor or 0.0)),
    }


def _numbers(record: Record) -> Iterator[list[str]]:
    """Yield every number of a record: field, value, unit, what it is or why it is missing."""
    for entry in fields().values():
        for one in entry.lines(record.measured):
            value = value_at(record.measured, one.name)
            shown = f"{value:.6g}" if isinstance(value, float) else str(value)
            why = record.why_missing(one.name)
            about = one.about if value is not None else f"{one.about}; missing: {why}"
            yield [one.name, "-" if value is None else shown, one.unit, about]
