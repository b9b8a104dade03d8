"""The tables of the README: kept as JSON beside the methods, rendered between marks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scorer.errors import ScorerError
from scorer.results.leaderboard import Group, Row
from scorer.results.tables import group_markdown
from scorer.settings import PROJECT_ROOT

SNAPSHOTS = PROJECT_ROOT / "baselines" / "leaderboards"
MARK = "<!-- leaderboard {task} -->"
END = "<!-- end -->"


def save_snapshot(group: Group, environment: Mapping[str, Any], folder: Path = SNAPSHOTS) -> Path:
    """Write one leaderboard with the machine and versions that it was made with."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{group.identity['task']}.json"
    kept = {name: environment[name] for name in ("python", "torch", "numpy", "device_name")}
    rows = [vars(row) for row in group.rows]
    value = {"identity": group.identity, "budget": group.budget, "environment": kept, "rows": rows}
    path.write_text(json.dumps(value, indent=1) + "\n")
    return path


def render_snapshot(path: Path) -> str:
    """Return the Markdown of one kept leaderboard."""
    kept = json.loads(path.read_text())
    group = Group(kept["identity"], [Row(**row) for row in kept["rows"]], kept["budget"])
    e = kept["environment"]
    made = f"Made on {e['device_name']}, Python {e['python']}, torch {e['torch']}."
    return f"{group_markdown(group)}\n\n{made}"


def render_readme(text: str, folder: Path = SNAPSHOTS) -> str:
    """Return the README with every marked table replaced by what its snapshot says.

    Raises:
        ScorerError: a mark has no snapshot, or no end.
    """
    for task in re.findall(MARK.format(task=r"(\S+)"), text):
        path = folder / f"{task}.json"
        if not path.exists():
            raise ScorerError(f"README.md has a table of {task}, but {path} is missing")
        start = text.index(MARK.format(task=task)) + len(MARK.format(task=task))
        end = text.find(END, start)
        if end < 0:
            raise ScorerError(f"the table of {task} in README.md must end with {END}")
        text = f"{text[:start]}\n{render_snapshot(path)}\n{text[end:]}"
    return text
