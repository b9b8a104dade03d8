"""Measure the hard examples of a task once and keep them with the code.

python -m scorer.tasks.keep digits
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scorer.engines import LocalEngine
from scorer.settings import default_cache_dir, default_data_dir
from scorer.tasks.load import FORGET_SETS, load_task, measured_with


def main() -> None:
    """Write `forget_sets/<task>-0.json` for the task named on the command line."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m scorer.tasks.keep TASK")
    path = FORGET_SETS / f"{sys.argv[1]}-0.json"
    path.unlink(missing_ok=True)
    task = load_task(
        sys.argv[1],
        split_seed=0,
        data_dir=Path(default_data_dir()),
        cache_dir=Path(default_cache_dir()),
        engine=LocalEngine(),
        device="cpu",
        progress=lambda *_: None,
    )
    facts = {
        "command": f"python -m scorer.tasks.keep {task.name}",
        "measure": "mean logit-scaled confidence over models trained on random halves without it",
        "measured_with": measured_with(task.definition, task.raw),
        "hard": task.split.forget[task.split.forget_stratum == "hard"].tolist(),
    }
    FORGET_SETS.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
