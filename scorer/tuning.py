"""Tune a method's constants: the same small budget for every method, never on the public split.

A method's constants are the numbers in capitals at the top of its file. A trial is a copy of the
file with some of them changed, run as a submission on two private splits; trial 0 is the file as
it is. Every trial is logged, so that how a constant was found can be looked up.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scorer.engines.base import Progress, no_progress
from scorer.errors import UsageError, unknown_name
from scorer.metric.forgetting import forgetting_quality
from scorer.pipeline import Options, make_rule_or_usage_error, open_pool
from scorer.runner.load import Submission, find_submission
from scorer.runner.run import RunPlan, run_submission

SPLIT_SEEDS = (1, 2)
N_MODELS = 32
N_TRIALS = 9
LARGEST_FACTOR = 4.0
"""A constant is tried between its value over this and its value times this, on a log scale."""


@dataclass(frozen=True)
class Constant:
    """A number in capitals at the top of a file, and where its text lies."""

    name: str
    value: float
    line: int
    start: int
    end: int

    @property
    def is_rate(self) -> bool:
        """Tell whether it is tuned unless others are named."""
        return "RATE" in self.name


def constants_of(source: str) -> dict[str, Constant]:
    """Return the numeric constants of a file by name, integers left out."""
    found = {}
    for node in ast.parse(source).body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)):
            continue
        (target, value) = (node.targets[0], node.value)
        if (
            isinstance(target, ast.Name)
            and target.id.isupper()
            and isinstance(value.value, float)
            and value.end_col_offset is not None
        ):
            found[target.id] = Constant(
                target.id, value.value, value.lineno, value.col_offset, value.end_col_offset
            )
    return found


def with_values(source: str, constants: dict[str, Constant], values: dict[str, float]) -> str:
    """Return the file with other values for some constants."""
    lines = source.splitlines(keepends=True)
    for name, value in values.items():
        c = constants[name]
        line = lines[c.line - 1]
        lines[c.line - 1] = f"{line[: c.start]}{value!r}{line[c.end :]}"
    return "".join(lines)


def draw_values(
    constants: dict[str, Constant], names: Sequence[str], method: str
) -> list[dict[str, float]]:
    """Return the values of each trial, the first as they are, three digits each."""
    digest = hashlib.sha256(f"tune/{method}/{'/'.join(names)}".encode()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    limit = math.log(LARGEST_FACTOR)
    trials = [{name: constants[name].value for name in names}]
    for _ in range(N_TRIALS - 1):
        factors = np.exp(generator.uniform(-limit, limit, len(names)))
        trials.append(
            {
                name: float(f"{constants[name].value * factor:.3g}")
                for name, factor in zip(names, factors, strict=True)
            }
        )
    return trials


def tune(
    method: str | None, names: Sequence[str], options: Options, progress: Progress
) -> list[dict[str, Any]]:
    """Run all trials of a method and return them, best first.

    Args:
        method: as `score` takes it.
        names: of the constants; those with RATE in their name where empty.
        options: task, rule, device and folders; split seed and N are fixed here.
        progress: called with ("tune", done, total).

    Raises:
        UsageError: no such constant, or none to tune.
    """
    submission = find_submission(method)
    source = submission.source.decode()
    constants = constants_of(source)
    for name in names:
        if name not in constants:
            raise unknown_name("constant", name, constants)
    names = names or [name for name, constant in constants.items() if constant.is_rate]
    if not names:
        raise UsageError(
            f"{submission.shown_path} must have a constant in capitals to tune, with RATE in its"
            f" name or named by --constants; it has {', '.join(constants) or 'none'}"
        )
    trials = draw_values(constants, names, submission.name)
    log = options.results_dir / "tuning" / options.task / f"{submission.name}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    progress("tune", 0, len(trials))
    for number, values in enumerate(trials):
        text = source if number == 0 else with_values(source, constants, values)
        row = {"trial": number, "values": values, **_try(submission, text, options)}
        rows.append(row)
        with log.open("a") as file:
            file.write(json.dumps(row) + "\n")
        progress("tune", number + 1, len(trials))
    return sorted(rows, key=_order)


def _order(row: dict[str, Any]) -> tuple[bool, bool, float]:
    """Sort trials: without faults first, within the budget first, then by score."""
    score = row["relative_score"]
    return (score is None, not row["within_budget"], -(score or 0.0))


def _try(submission: Submission, text: str, options: Options) -> dict[str, Any]:
    """Run one variant on every private split; return its mean relative score."""
    digest = hashlib.sha256(submission.sha256.encode() + text.encode()).hexdigest()
    variant = Submission(submission.name, submission.path, text.encode(), digest)
    rule = make_rule_or_usage_error(options.rule)
    relative, ratios = [], []
    for seed in SPLIT_SEEDS:
        private = dataclasses.replace(options, split_seed=seed, n_models=N_MODELS)
        pool, engine = open_pool(private, no_progress)
        wanted = {"original": 1, "oracle": N_MODELS, "control": N_MODELS}
        banks = pool.banks(wanted, engine)
        timeout_s = options.timeout_s or pool.task.definition.timeout_s
        plan = RunPlan(N_MODELS, options.design, options.sandbox, timeout_s)
        runs = run_submission(variant, pool, plan, engine)
        if runs.bank is None:
            fault = runs.faults[0].as_dict() if runs.faults else None
            return {"relative_score": None, "within_budget": False, "fault": fault}
        truth = banks["oracle"].confidence()
        ceiling = forgetting_quality(banks["control"].confidence(), truth, rule).value
        quality = forgetting_quality(runs.bank.confidence(), truth, rule).value
        utility = 1.0
        for name in ("retain", "test"):
            utility *= runs.bank.accuracy(name).mean() / banks["oracle"].accuracy(name).mean()
        relative.append(quality * utility / ceiling)
        ratios.append(runs.elapsed_s.mean() / runs.reference_s.mean())
    return {
        "relative_score": float(np.mean(relative)),
        "by_split_seed": dict(zip(map(str, SPLIT_SEEDS), map(float, relative), strict=True)),
        "time_ratio": float(np.mean(ratios)),
        "within_budget": bool(np.mean(ratios) <= options.budget),
        "n_models": N_MODELS,
        "rule": rule.name,
    }


def log_path(options: Options, method: str | None) -> Path:
    """Return where the trials of a method are logged."""
    name = find_submission(method).name
    return options.results_dir / "tuning" / options.task / f"{name}.jsonl"
