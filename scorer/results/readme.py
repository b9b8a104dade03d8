"""What documents show of results: kept beside methods and benches, rendered between marks.

A mark `<!-- KIND ARGUMENT... -->` names what stands between it and `<!-- end -->`; nobody types a
number there.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scorer.errors import ScorerError, unknown_name
from scorer.options import OWN_FORGET_SET
from scorer.results.board_names import board_stem
from scorer.results.leaderboard import Group, Row
from scorer.results.record import Record
from scorer.results.speed import speed_markdown
from scorer.results.tables import group_markdown, plain_text, record_tables
from scorer.scenarios import STANDARD
from scorer.settings import PROJECT_ROOT

SNAPSHOTS = PROJECT_ROOT / "baselines" / "leaderboards"
FIGURES = PROJECT_ROOT / "scorer" / "bench" / "figures"

MARK = re.compile(r"<!-- (\w+)((?: [\w-]+)*) -->")
END = "<!-- end -->"

ALWAYS_SHOWN = ("retrain", "starting_kit")
"""Rows that even a short table shows, as marks to measure the others by."""

LEGEND = (
    "F is the forgetting quality, RA and TA are retain and test accuracy, time and compute those of"
    " a run over those of one retraining by the kit's own loop; ± is the standard error over models"
    " and examples. A rank such as 2-4 is a tie within noise, over the board as a whole. *ceiling*"
    " is retrained models against retrained models, *floor* the original model untouched; what the"
    " kit makes itself has no rank."
)


def fill(text: str, where: str, renderers: Mapping[str, Callable[..., str]]) -> str:
    """Return a document with everything between marks rendered anew.

    Args:
        text: of the document.
        where: its name, for messages.
        renderers: by the kind of mark; called with the arguments that stand in the mark.

    Raises:
        ScorerError: a mark of an unknown kind, or one without an end.
    """
    pieces = []
    while mark := MARK.search(text):
        kind, arguments = mark[1], mark[2].split()
        if kind not in renderers:
            raise ScorerError(f"{where}: {unknown_name('mark', kind, renderers)}")
        behind = MARK.search(text, mark.end())
        if behind is None or behind[0] != END:
            raise ScorerError(f"{where}: what follows {mark[0]} must end with {END}")
        pieces += [text[: mark.end()], "\n", renderers[kind](*arguments), "\n", END]
        text = text[behind.end() :]
    return "".join([*pieces, text])


def save_snapshot(
    group: Group,
    environment: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    folder: Path = SNAPSHOTS,
) -> Path:
    """Write one leaderboard with its oracles' accuracies, and the machine it was made on.

    Args:
        group: of the leaderboard.
        environment: of one of its records.
        arrays: of the same record, see `scorer.measures`.
        folder: of the kept leaderboards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{board_stem(group.identity)}.json"
    oracles = {name: arrays[f"oracle_accuracy_{name}"] for name in ("retain", "test", "forget")}
    kept = {
        "identity": group.identity,
        "budget": group.budget,
        "environment": {n: environment[n] for n in ("python", "torch", "numpy", "device_name")},
        "oracle_accuracy": {
            name: {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}
            for name, values in oracles.items()
        },
        "rows": [row.as_dict() for row in group.rows],
    }
    path.write_text(json.dumps(kept, indent=1) + "\n")
    return path


def read_snapshot(path: Path) -> tuple[Group, dict[str, Any]]:
    """Return a kept leaderboard, and all that was kept with it.

    Raises:
        ScorerError: it is not there.
    """
    if not path.exists():
        raise ScorerError(
            f"a document has a table of {path.stem}, but {path} is missing; run"
            f" `make scores TASK={path.stem}`, then `make boards`"
        )
    kept = json.loads(path.read_text())
    rows = [Row.from_dict(row) for row in kept["rows"]]
    # Boards that were kept before there were scenarios do not name theirs.
    kept["identity"] = {**kept["identity"], "scenario": kept["identity"].get("scenario", STANDARD)}
    return Group(kept["identity"], rows, kept["budget"]), kept


def leaderboard_page(path: Path) -> str:
    """Return the whole Markdown page of one kept leaderboard."""
    group, kept = read_snapshot(path)
    accuracies = ", ".join(
        f"{name} {100 * one['mean']:.1f} ± {100 * one['sd']:.1f} %"
        for name, one in kept["oracle_accuracy"].items()
    )
    return (
        f"# Leaderboard of {path.stem}\n\n{group_markdown(group)}\n\n"
        f"Accuracy of the {group.identity['n_models']} oracles, mean and standard deviation:"
        f" {accuracies}. {made_on(kept)}\n\n{LEGEND}\n"
    )


def best_rows(group: Group, n_best: int) -> Group:
    """Return a leaderboard with the best methods only, and the rows to measure them by."""
    methods = [row.method for row in group.rows if row.kind == "method"]
    shown = {*methods[:n_best], *ALWAYS_SHOWN}
    rows = [r for r in group.rows if r.kind in ("ceiling", "floor") or r.method in shown]
    return dataclasses.replace(group, rows=rows)


def render_best(task: str, n_best: str, *, folder: Path = SNAPSHOTS) -> str:
    """Return the Markdown of the head of a kept leaderboard, see `best_rows`."""
    group, kept = read_snapshot(folder / f"{task}.json")
    n_methods = sum(row.kind == "method" for row in group.rows)
    return (
        f"{group_markdown(best_rows(group, int(n_best)))}\n\n"
        f"The best {n_best} of {n_methods} methods. {made_on(kept)}"
    )


def made_on(kept: Mapping[str, Any]) -> str:
    """Return where a kept leaderboard was made, and how it is made again."""
    i, e = kept["identity"], kept["environment"]
    forget = i.get("forget", OWN_FORGET_SET)
    other = "" if forget == OWN_FORGET_SET else f" FORGET={forget}"
    scenario = "" if i["scenario"] == STANDARD else f" SCENARIO={i['scenario']}"
    return (
        f"Made on {e['device_name']}, Python {e['python']}, torch {e['torch']}:"
        f" `make scores TASK={i['task']}{other} N={i['n_models']} RULE={i['rule']}"
        f" DESIGN={i['design']}{scenario}`, then `make boards`."
        f"{f' {noted(kept)}' if noted(kept) else ''}"
    )


def noted(kept: Mapping[str, Any]) -> str:
    """Return what somebody noted of a kept leaderboard, until it is made again."""
    return f"**{kept['note']}**" if "note" in kept else ""


def save_example(record: Record, folder: Path = SNAPSHOTS) -> Path:
    """Keep what `score` printed of a method, an empty line between its tables."""
    path = folder / f"{record.task}-{record.method}.txt"
    path.write_text("\n\n".join(plain_text(table) for table in record_tables(record)) + "\n")
    return path


def render_example(name: str, table: str, *, folder: Path = SNAPSHOTS) -> str:
    """Return one table of a kept output of `score`, counted from 1, as a block of Markdown.

    What is noted of the task's leaderboard, kept by the same command, holds for it too.

    Raises:
        ScorerError: none is kept, or it has fewer tables.
    """
    path = folder / f"{name}.txt"
    tables = path.read_text().rstrip().split("\n\n") if path.exists() else []
    if not 1 <= int(table) <= len(tables):
        raise ScorerError(f"a document has table {table} of {name}, but {path} has {len(tables)}")
    board = folder / f"{name.rpartition('-')[0]}.json"
    note = noted(read_snapshot(board)[1]) if board.exists() else ""
    return f"```\n{tables[int(table) - 1]}\n```" + (f"\n{note}" if note else "")


def render_bench(name: str, *, folder: Path = FIGURES) -> str:
    """Return the Markdown of all kept figures of one bench, one table a file.

    Raises:
        ScorerError: none are kept.
    """
    kept = [json.loads(path.read_text()) for path in sorted(folder.glob(f"{name}-*.json"))]
    tables = [speed_markdown(values) for values in kept if values["bench"] == name]
    if not tables:
        raise ScorerError(
            f"a document has figures of bench {name}, but {folder / name}-*.json is missing; run"
            f" `python -m scorer bench {name} --save`"
        )
    return "\n\n".join(tables)
