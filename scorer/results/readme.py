"""The tables of the README: kept as JSON beside methods and benches, rendered between marks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scorer.errors import ScorerError
from scorer.results.leaderboard import Group, Row
from scorer.results.record import Record
from scorer.results.speed import speed_markdown
from scorer.results.tables import group_markdown, plain_text, record_tables
from scorer.settings import PROJECT_ROOT

SNAPSHOTS = PROJECT_ROOT / "baselines" / "leaderboards"
FIGURES = PROJECT_ROOT / "scorer" / "bench" / "figures"
MARK = "<!-- {kind} {name} -->"
END = "<!-- end -->"


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
        arrays: of the same record, see `scorer.results.record.read_arrays`.
        folder: of the kept leaderboards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{group.identity['task']}.json"
    made = {name: environment[name] for name in ("python", "torch", "numpy", "device_name")}
    accuracy = {}
    for name in ("retain", "test", "forget"):
        values = arrays[f"oracle_accuracy_{name}"]
        accuracy[name] = {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}
    value = {
        "identity": group.identity,
        "budget": group.budget,
        "environment": made,
        "oracle_accuracy": accuracy,
        "rows": [row.as_dict() for row in group.rows],
    }
    path.write_text(json.dumps(value, indent=1) + "\n")
    return path


def render_snapshot(path: Path) -> str:
    """Return the Markdown of one kept leaderboard."""
    kept = json.loads(path.read_text())
    group = Group(kept["identity"], [Row.from_dict(row) for row in kept["rows"]], kept["budget"])
    e = kept["environment"]
    accuracies = ", ".join(
        f"{name} {100 * one['mean']:.1f} ± {100 * one['sd']:.1f} %"
        for name, one in kept["oracle_accuracy"].items()
    )
    return (
        f"{group_markdown(group)}\n\n"
        f"Accuracy of the {kept['identity']['n_models']} oracles, mean and standard deviation:"
        f" {accuracies}. Made on {e['device_name']}, Python {e['python']}, torch {e['torch']}."
    )


def save_example(record: Record, folder: Path = SNAPSHOTS) -> Path:
    """Keep what `score` printed of a method, for the quickstart."""
    path = folder / f"{record.task}-{record.method}.txt"
    path.write_text(plain_text(*record_tables(record)) + "\n")
    return path


def render_bench(name: str, folder: Path) -> str:
    """Return the Markdown of all kept figures of one bench, one table a file.

    Raises:
        ScorerError: none are kept.
    """
    kept = [json.loads(path.read_text()) for path in sorted(folder.glob(f"{name}-*.json"))]
    tables = [speed_markdown(values) for values in kept if values["bench"] == name]
    if not tables:
        raise ScorerError(
            f"README.md has figures of bench {name}, but {folder / name}-*.json is missing; run"
            f" `python -m scorer bench {name} --save`"
        )
    return "\n\n".join(tables)


def render_readme(text: str, folder: Path = SNAPSHOTS, figures: Path = FIGURES) -> str:
    """Return the README with every marked table replaced by what its file says.

    Args:
        text: of the README.
        folder: of the kept leaderboards.
        figures: folder of the kept figures of benches.

    Raises:
        ScorerError: a mark has no file, or no end.
    """

    def leaderboard(task: str) -> str:
        path = folder / f"{task}.json"
        if not path.exists():
            raise ScorerError(f"README.md has a table of {task}, but {path} is missing")
        return render_snapshot(path)

    def example(name: str) -> str:
        path = folder / f"{name}.txt"
        if not path.exists():
            raise ScorerError(f"README.md has an example {name}, but {path} is missing")
        return f"```\n{path.read_text().rstrip()}\n```"

    text = _fill(text, "leaderboard", leaderboard)
    text = _fill(text, "example", example)
    return _fill(text, "bench", lambda name: render_bench(name, figures))


def _fill(text: str, kind: str, render: Callable[[str], str]) -> str:
    """Replace what stands between the marks of one kind and their ends."""
    for name in re.findall(MARK.format(kind=kind, name=r"(\S+)"), text):
        mark = MARK.format(kind=kind, name=name)
        rendered = render(name)
        start = text.index(mark) + len(mark)
        end = text.find(END, start)
        if end < 0:
            raise ScorerError(f"the {kind} of {name} in README.md must end with {END}")
        text = f"{text[:start]}\n{rendered}\n{text[end:]}"
    return text
