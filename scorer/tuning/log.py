"""What tuning a method came to: written after every rung, read to go on, kept with the code."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scorer.files import replace_file
from scorer.options import Options
from scorer.results.board_names import board_stem
from scorer.results.record import TUNING_FOLDER
from scorer.settings import PROJECT_ROOT
from scorer.tasks import TASKS
from scorer.tasks.forget.spec import name_of
from scorer.tuning.constants import Value
from scorer.tuning.plan import Plan

KEPT = PROJECT_ROOT / "baselines" / "tuning"

Row = dict[str, Any]
"""One trial in one rung, as `scorer.tuning.trials.summary` makes it."""


@dataclass
class TuningLog:
    """All trials of a method on a task.

    Attributes:
        method: name.
        task: name, and the forget set where it is not the task's own.
        family: of the task, whose constants were tried.
        fingerprint: of the file without these values, and of the task's definition.
        plan: how much is tried.
        trials: values of each trial; the first those of the file when its tuning began.
        rows: of the rungs that are done.
    """

    method: str
    task: str
    family: str
    fingerprint: str
    plan: dict[str, Any]
    trials: list[dict[str, Value]]
    rows: list[Row] = field(default_factory=list)

    def rung(self, number: int) -> list[Row]:
        """Return the rows of one rung, the best first; empty where it is still to be done."""
        return sorted((row for row in self.rows if row["rung"] == number), key=order)

    @property
    def ranking(self) -> list[Row]:
        """Return the rows of the last rung that is done, the best first."""
        return self.rung(max(row["rung"] for row in self.rows))

    def write(self, path: Path) -> None:
        """Write the log so that a reader finds the old one or the new one, whole."""
        content = (json.dumps(asdict(self)) + "\n").encode()
        replace_file(path, content)


def order(row: Row) -> tuple[bool, bool, float, int]:
    """Sort trials: without faults first, within the budget first, then by score."""
    relative = row["relative_score"]
    return (relative is None, not row["within_budget"], -(relative or 0.0), row["trial"])


def plan_values(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON reads it."""
    return json.loads(json.dumps(asdict(plan)))  # type: ignore[no-any-return]


def log_path(options: Options, method: str) -> Path:
    """Return where the trials of a method are logged."""
    return options.results_dir / TUNING_FOLDER / task_label(options) / f"{method}.json"


def task_label(options: Options) -> str:
    """Return what methods are tuned on, as the name of a file: a task, and what it forgets."""
    return board_stem({"task": TASKS[options.task].name, "forget": name_of(options.forget)})


def read_log(
    options: Options, method: str, fingerprint: str, plan: Plan, folder: Path = KEPT
) -> TuningLog | None:
    """Return the log to go on with: that of the results folder, else the one kept with the code.

    Args:
        options: name the task and the results folder.
        method: name.
        fingerprint: see `TuningLog`; the log of another file is none.
        plan: likewise.
        folder: where logs are kept with the code.
    """
    path, found = log_path(options, method), kept_logs(task_label(options), folder).get(method)
    logs = [TuningLog(**json.loads(path.read_text()))] if path.exists() else []
    logs += [found] if found else []
    wanted = (fingerprint, plan_values(plan))
    return next((log for log in logs if (log.fingerprint, log.plan) == wanted), None)


def kept_logs(task: str, folder: Path = KEPT) -> dict[str, TuningLog]:
    """Return the logs that are kept with the code, by method."""
    path = folder / f"{task}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    logs = (TuningLog(**json.loads(line)) for line in lines)
    return {log.method: log for log in logs}


def keep_log(log: TuningLog, folder: Path = KEPT) -> Path:
    """Keep a method's trials with the code, one line of JSON a method, in alphabetical order."""
    kept = {**kept_logs(log.task, folder), log.method: log}
    path = folder / f"{log.task}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(kept[name])) + "\n" for name in sorted(kept)))
    return path
