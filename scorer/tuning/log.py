"""Where the trials of a method are written down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scorer.options import Options
from scorer.settings import PROJECT_ROOT

KEPT = PROJECT_ROOT / "baselines" / "tuning"


def log_path(options: Options, method: str) -> Path:
    """Return where the trials of a method are logged."""
    return options.results_dir / "tuning" / options.task / f"{method}.jsonl"


def keep_log(task: str, method: str, rows: Sequence[dict[str, Any]], folder: Path = KEPT) -> Path:
    """Keep a method's trials with the code, one line of JSON a method, in alphabetical order."""
    path = folder / f"{task}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    kept = {entry["method"]: entry for entry in map(json.loads, lines)}
    trials = sorted(rows, key=lambda row: row["trial"])
    command = f"python -m scorer tune {method}"
    kept[method] = {"method": method, "command": command, "trials": trials}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(kept[name]) + "\n" for name in sorted(kept)))
    return path
