"""Records and leaderboards as tables for people: rich on a terminal, Markdown for the README."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from scorer.results.leaderboard import Group, Row
from scorer.results.record import Record

COLUMNS = ("rank", "method", "F", "RA", "TA", "time / retrain", "final score", "relative score")


def plain_text(*tables: Table, width: int = 100) -> str:
    """Return tables as they look where there are no colours."""
    console = Console(width=width, no_color=True, highlight=False, file=io.StringIO())
    console.print(*tables)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with that many decimals, a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def with_error(value: float | None, error: float | None, digits: int = 3) -> str:
    """Return "0.038 ± 0.006", without the error where there is none."""
    if value is None or error is None:
        return number(value, digits)
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def group_title(group: Group) -> str:
    """Return what every number of a group depends on."""
    i = group.identity
    return (
        f"{i['task']}: N={i['n_models']} models, rule {i['rule']}, delta {i['delta']:g},"
        f" design {i['design']}, {i['engine_id']}, fingerprint {i['fingerprint'][:8]}"
    )


def cells(row: Row) -> list[str]:
    """Return the cells of a line under `COLUMNS`."""
    rank = "-"
    if row.rank_best is not None:
        tied = row.rank_best != row.rank_worst
        rank = f"{row.rank_best}-{row.rank_worst}" if tied else str(row.rank_best)
    over = " over budget" if row.within_budget is False else ""
    return [
        rank,
        row.method,
        with_error(row.forgetting_quality, row.forgetting_quality_se),
        number(row.retain_accuracy),
        number(row.test_accuracy),
        number(row.time_ratio, 2) + over,
        with_error(row.final_score, row.final_score_se),
        with_error(row.relative_score, row.relative_score_se, 2),
    ]


def group_table(group: Group) -> Table:
    """Return a leaderboard of one task."""
    table = Table(title=group_title(group), title_justify="left", caption_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "method" else "right", no_wrap=True)
    for row in group.rows:
        style = {"ceiling": "green", "floor": "red"}.get(row.kind)
        table.add_row(*cells(row), style=style, end_section=row.kind == "ceiling")
    return table


def group_markdown(group: Group) -> str:
    """Return the same table in Markdown, the title as its caption."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in group.rows]
    return "\n".join([f"*{group_title(group)}*", "", *lines])


def record_tables(record: Record) -> list[Table]:
    """Return what a score says: the score, its strata, what to mend."""
    i = record.identity
    title = (
        f"{record.method} on {record.task}: N={record.n_models} models, rule {record.rule},"
        f" delta {record.delta:g}, design {i['design']}"
    )
    score = Table(title=title, title_justify="left")
    for name in ("", record.method, "ceiling", "floor"):
        score.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for cells_of_row in _score_rows(record):
        score.add_row(*cells_of_row)
    return [score, _diagnosis_table(record)]


def _score_rows(record: Record) -> Sequence[Sequence[str]]:
    """Return the lines of the score table."""
    oracle, floor = record.control_accuracy, record.original_accuracy
    rows = [
        [
            "forgetting quality F",
            with_error(record.forgetting_quality, record.forgetting_quality_se),
            with_error(record.ceiling, record.ceiling_se),
            number(record.floor),
        ]
    ]
    for name, stratum in record.strata.items():
        rows.append(
            [
                f"  {name} ({stratum['n_examples']:.0f} examples)",
                number(stratum["forgetting_quality"]),
                number(stratum["ceiling"]),
                number(stratum["floor"]),
            ]
        )
    for set_name in ("retain", "test", "forget"):
        values = (record.accuracy[set_name], oracle[set_name], floor[set_name])
        rows.append([f"{set_name} accuracy", *(number(value) for value in values)])
    whole = record.ceiling_final_score
    floor_relative = record.floor_final_score / whole if whole else None  # type: ignore[operator]
    budget = "" if record.within_budget is not False else f" (over {record.budget:g})"
    rows += [
        ["time / retraining", number(record.time_ratio, 2) + budget, "1.00", "0.00"],
        [
            "final score",
            with_error(record.final_score, record.final_score_se),
            with_error(record.ceiling_final_score, record.ceiling_final_score_se),
            number(record.floor_final_score),
        ],
        [
            "relative score",
            with_error(record.relative_score, record.relative_score_se, 2),
            "1.00",
            number(floor_relative, 2),
        ],
    ]
    return rows


DIAGNOSIS_LINES = {
    "mean_bias": "mean confidence, bias (oracle sd)",
    "mean_rms": "mean confidence, rms error (oracle sd)",
    "log_spread_bias": "log spread over runs, bias",
    "log_spread_rms": "log spread over runs, rms error",
}

COUNT_LINES = {
    "n_without_spread": "examples with the same output in every run",
    "n_oracles_without_spread": "examples with the same output in every oracle",
    "n_undecided": "examples without a valid attack, scored 0",
}


def _diagnosis_table(record: Record) -> Table:
    """Return what a competitor would mend, and how sure it is that there is something."""
    table = Table(title="against the oracles, forget set", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column(record.method, justify="right")
    for key, label in DIAGNOSIS_LINES.items():
        table.add_row(label, number(record.diagnosis[key], 2))
    for key, label in COUNT_LINES.items():
        if record.diagnosis[key]:
            table.add_row(label, number(record.diagnosis[key], 0))
    table.add_row("p (no difference from oracles)", number(record.permutation_p_value))
    share = record.certified.get("share_positive")
    table.add_row("examples with certified epsilon > 0", number(share, 2))
    for set_name in ("forget", "retain", "val"):
        value, ceiling = record.klom[set_name], record.klom[f"{set_name}_ceiling"]
        table.add_row(
            f"KLoM on {set_name}, 95th percentile (ceiling)", f"{value:.2f} ({ceiling:.2f})"
        )
    return table
