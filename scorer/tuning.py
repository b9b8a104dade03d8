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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats.qmc import LatinHypercube

from scorer.engines.base import Progress
from scorer.errors import UsageError, unknown_name
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import make_rule
from scorer.pipeline import Options, open_pool
from scorer.runner.load import Submission, find_submission
from scorer.runner.run import RunPlan, run_submissions
from scorer.settings import PROJECT_ROOT

KEPT = PROJECT_ROOT / "baselines" / "tuning"
SPLIT_SEEDS = (1, 2)
N_MODELS = 32
N_TRIALS = 9
LARGEST_FACTOR = 3.0
"""A constant is tried between its value over this and its value times this, on a log scale.

The trials form a Latin hypercube: of as many equal parts as there are trials, each constant takes
one value in each."""


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
    hypercube = LatinHypercube(len(names), rng=np.random.default_rng(list(digest)))
    factors = LARGEST_FACTOR ** (2.0 * hypercube.random(N_TRIALS - 1) - 1.0)
    trials = [{name: constants[name].value for name in names}]
    for row in factors:
        trials.append(
            {
                name: float(f"{constants[name].value * factor:.3g}")
                for name, factor in zip(names, row, strict=True)
            }
        )
    return trials


def tune(
    method: str | None, names: Sequence[str], options: Options, progress: Progress
) -> list[dict[str, Any]]:
    """Run all trials of a method and return them, best first.

    Args:
        method: as `score` takes it.
        names: of the constants; where empty, those with RATE in their name, or all of them where
            there are none such.
        options: task, rule, device and folders; split seed and N are fixed here.
        progress: called with what is being done, units done, and of how many.

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
    names = names or list(constants)
    if not names:
        raise UsageError(
            f"{submission.shown_path} must have a number with a decimal point in capitals at its"
            " top, such as LEARNING_RATE = 0.1, to tune; it has none"
        )
    trials = draw_values(constants, names, submission.name)
    variants = [_variant(submission, constants, values) for values in trials]
    by_split = [_run(variants, options, seed, progress) for seed in SPLIT_SEEDS]
    rows = [
        {"trial": number, "values": values, **_summary(parts, options)}
        for number, (values, parts) in enumerate(
            zip(trials, zip(*by_split, strict=True), strict=True)
        )
    ]
    log = log_path(options, method)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return sorted(rows, key=_order)


def _order(row: dict[str, Any]) -> tuple[bool, bool, float]:
    """Sort trials: without faults first, within the budget first, then by score."""
    score = row["relative_score"]
    return (score is None, not row["within_budget"], -(score or 0.0))


def _variant(
    submission: Submission, constants: dict[str, Constant], values: dict[str, float]
) -> Submission:
    """Return the submission with other values; with those that it has it is the same file."""
    text = submission.source.decode()
    if any(constants[name].value != value for name, value in values.items()):
        text = with_values(text, constants, values)
    digest = hashlib.sha256(submission.sha256.encode() + text.encode()).hexdigest()
    return Submission(submission.name, submission.path, text.encode(), digest)


def _run(
    variants: list[Submission], options: Options, split_seed: int, progress: Progress
) -> list[dict[str, Any]]:
    """Run every variant on one private split; return score, time ratio or fault of each."""
    rule = make_rule(options.rule)
    private = dataclasses.replace(options, split_seed=split_seed, n_models=N_MODELS)
    pool, engine = open_pool(private, progress)
    wanted = {"original": 1, "oracle": N_MODELS, "control": N_MODELS}
    banks = pool.banks(wanted, engine, progress)
    timeout_s = options.timeout_s or pool.task.definition.timeout_s
    plan = RunPlan(N_MODELS, options.design, options.sandbox, timeout_s)
    truth = banks["oracle"].confidence()
    ceiling = forgetting_quality(banks["control"].confidence(), truth, rule).value
    rows: list[dict[str, Any]] = []
    for runs in run_submissions(variants, pool, plan, engine, progress):
        if runs.bank is None:
            rows.append({"fault": runs.faults[0].as_dict() if runs.faults else None})
            continue
        quality = forgetting_quality(runs.bank.confidence(), truth, rule).value
        utility = 1.0
        for name in ("retain", "test"):
            utility *= runs.bank.accuracy(name).mean() / banks["oracle"].accuracy(name).mean()
        ratio = float(runs.elapsed_s.mean() / runs.reference_s.mean())
        rows.append({"relative_score": quality * utility / ceiling, "time_ratio": ratio})
    return rows


def _summary(parts: Sequence[dict[str, Any]], options: Options) -> dict[str, Any]:
    """Return one trial's means over the private splits, or its first fault."""
    for part in parts:
        if "fault" in part:
            return {"relative_score": None, "within_budget": False, "fault": part["fault"]}
    scores = [float(part["relative_score"]) for part in parts]
    time_ratio = float(np.mean([part["time_ratio"] for part in parts]))
    return {
        "relative_score": float(np.mean(scores)),
        "by_split_seed": dict(zip(map(str, SPLIT_SEEDS), scores, strict=True)),
        "time_ratio": time_ratio,
        "within_budget": time_ratio <= options.budget,
        "n_models": N_MODELS,
        "rule": options.rule,
    }


def log_path(options: Options, method: str | None) -> Path:
    """Return where the trials of a method are logged."""
    name = find_submission(method).name
    return options.results_dir / "tuning" / options.task / f"{name}.jsonl"


def keep_log(task: str, method: str, rows: Sequence[dict[str, Any]], folder: Path = KEPT) -> Path:
    """Keep a method's trials with the code, one line of JSON a method, in alphabetical order."""
    path = folder / f"{task}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    kept = {entry["method"]: entry for entry in map(json.loads, lines)}
    trials = sorted(rows, key=lambda row: row["trial"])
    kept[method] = {
        "method": method,
        "command": f"python -m scorer tune {method}",
        "trials": trials,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(kept[name]) + "\n" for name in sorted(kept)))
    return path
