"""The page that shows what tuning came to, for all methods of a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scorer.results.markdown import markdown_table
from scorer.tuning.constants import shown, tuned_baselines
from scorer.tuning.log import KEPT, TuningLog, kept_logs
from scorer.tuning.verdict import verdict

HEADINGS = ("method", "as it was", "best", "time / retrain", "compute / retrain", "values", "note")


def tuning_pages(folder: Path = KEPT) -> dict[Path, str]:
    """Return the page of each task whose tuning is kept, by its path."""
    names = [each.name for each in tuned_baselines()]
    return {
        path.with_suffix(".md"): tuning_page(path.stem, kept_logs(path.stem, folder), names)
        for path in sorted(folder.glob("*.jsonl"))
    }


def tuning_page(task: str, logs: dict[str, TuningLog], names: Sequence[str] = ()) -> str:
    """Return the page of one task: each method's relative score before and after.

    Args:
        task: its name.
        logs: by method.
        names: of the methods that are to be tuned; those without a log are named.
    """
    plan = next(iter(logs.values())).plan["rungs"]
    rungs = "; ".join(
        f"{rung['n_trials']} trials with N={rung['n_models']} on split seed"
        f"{'s' * (len(rung['split_seeds']) > 1)} {' and '.join(map(str, rung['split_seeds']))}"
        for rung in plan
    )
    table = markdown_table(HEADINGS, [_cells(log) for log in logs.values()])
    left = [name for name in names if name not in logs]
    missing = f"Not tuned on it yet: {', '.join(left)}.\n\n" if left else ""
    return (
        f"# Tuning on {task}\n\n"
        f"Relative scores of the last of these rounds: {rungs}. Made by `python -m scorer tune"
        f" --all --task {task} --save`, logged in `{task}.jsonl`, rendered by `make readme`.\n\n"
        f"{missing}{table}\n"
    )


def _cells(log: TuningLog) -> tuple[str, ...]:
    """Return one row of the page."""
    found = verdict(log)
    names = (f"{name} {shown(value)}" for name, value in found.values.items())
    return (
        log.method,
        _score(found.as_it_is),
        _score(found.best),
        _ratio(found.best["time_ratio"]),
        _ratio(found.best["compute_ratio"]),
        ", ".join(names),
        found.warning or ("" if found.gains else "as it was"),
    )


def _score(row: dict[str, Any]) -> str:
    """Return a relative score with its error, marked where it is over the budget."""
    if row["relative_score"] is None:
        return ", ".join(row["faults"]) or "-"
    error = row["relative_score_se"]
    shown = f"{row['relative_score']:.3f}" + ("" if error is None else f" ± {error:.3f}")
    return shown if row["within_budget"] else f"{shown} over budget"


def _ratio(value: float | None) -> str:
    """Return a ratio, "-" where it was not measured."""
    return "-" if value is None else f"{value:.2f}"
