"""Measure the hard examples of a task once and keep them with the code.

python -m scorer.tasks.keep digits
"""

from __future__ import annotations

import json
import sys

from scorer.engines import LocalEngine
from scorer.engines.base import no_progress
from scorer.options import Options
from scorer.tasks.forget.hard_random import HardRandom, kept_path, measured_with
from scorer.tasks.load import load_task


def main() -> None:
    """Write `forget_sets/<task>-0.json` for the task named on the command line."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m scorer.tasks.keep TASK")
    path = kept_path(sys.argv[1], 0)
    path.unlink(missing_ok=True)
    task = load_task(Options(task=sys.argv[1], device="cpu"), LocalEngine(), no_progress)
    forget = task.definition.forget
    if not (isinstance(forget, HardRandom) and forget.n_hard):
        raise SystemExit(f"task {task.name} must have hard examples to forget, got {forget}")
    facts = {
        "command": f"python -m scorer.tasks.keep {task.name}",
        "measure": "mean logit-scaled confidence over models trained on random halves without it",
        "measured_with": measured_with(task.raw, task.definition.recipe, forget.n_models),
        "hard": task.split.forget[task.split.forget_stratum == "hard"].tolist(),
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
