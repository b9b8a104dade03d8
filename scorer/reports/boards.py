"""A leaderboard as a page: sortable, with ties, the shape of each method's epsilons, and links."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from scorer.errors import ScorerError
from scorer.measures.base import Measurement
from scorer.metric.counts import BIN_WIDTH
from scorer.reports.figures.epsilons import shares
from scorer.reports.page import render
from scorer.reports.words import percent
from scorer.results.board_names import board_name
from scorer.results.leaderboard import Group, Leaderboard, Row, is_over
from scorer.results.readme import LEGEND
from scorer.results.record import Problem, Record, arrays_path, read_arrays
from scorer.results.tables import cells, group_gaps, group_title

SPARK_HEIGHT = 30.0

HOW_TO_READ = (
    "A click on a heading sorts. The bar beside a rank spans all ranks that a row may have: rows"
    " whose bars overlap are tied within noise. The small picture is the share of the examples by"
    " epsilon, from 0 on the left, where forgetting is good; the last bar earns no points."
)


def board_page(
    board: Leaderboard,
    records: Sequence[Record],
    problems: Sequence[Problem],
    results_dir: Path,
    out: Path,
    made_by: str,
) -> str:
    """Return a page of all boards.

    Args:
        board: of the records.
        records: for their arrays; those of other runs are passed over.
        problems: of files that could not be read.
        results_dir: where arrays and reports lie.
        out: where the page will lie, which links are relative to.
        made_by: the command that writes it.
    """
    by_run = {record.run_id: record for record in records}
    n_scores = sum(row.kind == "method" for group in board.groups for row in group.rows)
    boards = [_board(group, by_run, results_dir, out.parent) for group in board.groups]
    return render(
        "leaderboard.html",
        script="sort.js",
        title="Unlearning leaderboard",
        lead=f"{_counted(n_scores, 'score')} on {_counted(len(boards), 'board')}; ceiling is"
        " retraining, floor the untouched original.",
        boards=boards,
        apart=board.not_comparable,
        problems=[problem.as_dict() for problem in problems],
        how_to_read=HOW_TO_READ,
        legend=LEGEND.replace("*", ""),
        made_by=made_by,
    )


def _board(
    group: Group, by_run: Mapping[str, Record], results_dir: Path, folder: Path
) -> dict[str, Any]:
    """Return one board as the template prints it."""
    columns = group.columns()
    n_ranked = sum(row.rank_best is not None for row in group.rows)
    titles = ["rank", "method", *(entry.column for entry in columns), "epsilons"]
    heads = [
        {"title": t, "sortable": t != "epsilons", "sorted": t == "rank", "is_name": t == "method"}
        for t in titles
    ]
    return {
        "name": board_name(group.identity),
        "about": group_title(group),
        "heads": heads,
        "rows": [_row(row, columns, n_ranked, by_run, results_dir, folder) for row in group.rows],
        "gaps": group_gaps(group),
    }


def _counted(n: int, what: str) -> str:
    """Return "1 score" or "3 scores"."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def _row(
    row: Row,
    columns: Sequence[Measurement],
    n_ranked: int,
    by_run: Mapping[str, Record],
    results_dir: Path,
    folder: Path,
) -> dict[str, Any]:
    """Return a line: its cells, what each is sorted by, its link and its small picture."""
    ranks = None
    if row.rank_best is not None and row.rank_worst is not None:
        ranks = row.rank_best, row.rank_worst
    sorts: list[float | str] = ["" if ranks is None else sum(ranks), row.method]
    sorts += [_sorted_by(row.values.get(entry.name)) for entry in columns]
    spans = [None if ranks is None else _span(ranks, n_ranked)] + [None] * (len(sorts) - 1)
    shown = [
        {"text": text, "sort": sort, "is_name": place == 1, "span": span}
        for place, (text, sort, span) in enumerate(
            zip(cells(row, columns), sorts, spans, strict=True)
        )
    ]
    found: dict[str, Any] = {"spark": [], "spark_said": "", "link": ""}
    record = by_run.get(row.run_id)
    if record is not None and row.kind in ("method", "reference"):
        found = {**_spark(record, results_dir), "link": _link(record, results_dir, folder)}
    return {"kind": row.kind, "over": is_over(row), "cells": shown, **found}


def _span(ranks: tuple[int, int], n_ranked: int) -> tuple[float, float]:
    """Return start and length of the bar of ranks, in percent."""
    unit = 100 / n_ranked
    return round(unit * (ranks[0] - 1), 2), round(unit * (ranks[1] - ranks[0] + 1), 2)


def _sorted_by(value: float | str | None) -> float | str:
    """Return what a cell is sorted by; empty sorts last."""
    return "" if value is None else value


def _spark(record: Record, results_dir: Path) -> dict[str, Any]:
    """Return heights of the bars of epsilon, and the same in words; none without arrays."""
    try:
        epsilons = read_arrays(record, results_dir)["epsilons"]
        parts = shares(np.asarray(epsilons, dtype=np.float64), record.n_models)
    except (ScorerError, KeyError, ValueError):
        return {"spark": [], "spark_said": ""}
    heights = (SPARK_HEIGHT * parts / parts.max()).round(1).tolist()
    place = int(parts[:-1].argmax()) if len(parts) > 1 else 0
    said = (
        f"most epsilons from {BIN_WIDTH * place:g} to {BIN_WIDTH * (place + 1):g};"
        f" {percent(float(parts[-1]))} earn nothing"
    )
    return {"spark": heights, "spark_said": said}


def _link(record: Record, results_dir: Path, folder: Path) -> str:
    """Return the relative address of a row's report, empty where there is none."""
    report = arrays_path(record, results_dir).with_suffix(".html")
    return quote(os.path.relpath(report, folder)) if report.is_file() else ""
