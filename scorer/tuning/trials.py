"""Run the trials of a method on private splits, and rank them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scorer.engines.base import Progress
from scorer.errors import UsageError, unknown_name
from scorer.options import Options
from scorer.pipeline import score
from scorer.results.record import Record
from scorer.runner.load import Submission
from scorer.tuning.constants import Constant, constants_of, draw_values, with_values
from scorer.tuning.log import log_path

MEASURES = ("forgetting", "time")


@dataclass(frozen=True)
class TuningPlan:
    """How much is tried; the same for every method.

    Attributes:
        split_seeds: of the private splits.
        n_models: N.
        n_trials: with the file as it is.
    """

    split_seeds: tuple[int, ...] = (1, 2)
    n_models: int = 32
    n_trials: int = 9


PLAN = TuningPlan()


def tune(
    submission: Submission,
    names: Sequence[str],
    options: Options,
    progress: Progress,
    plan: TuningPlan = PLAN,
) -> list[dict[str, Any]]:
    """Run all trials of a method, log them, and return them, best first.

    Args:
        submission: whose constants are tried.
        names: of the constants; where empty, those with RATE in their name, or all of them where
            there are none such.
        options: of the runs; split seed and N are the plan's.
        progress: called with what is being done, units done, and of how many.
        plan: how much is tried.

    Raises:
        UsageError: no such constant, or none to tune.
    """
    constants = constants_of(submission.source.decode())
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
    trials = draw_values(constants, names, submission.name, plan.n_trials)
    variants = [variant(submission, constants, values) for values in trials]
    by_split = []
    for seed in plan.split_seeds:
        private = dataclasses.replace(options, split_seed=seed, n_models=plan.n_models)
        scored = score(variants, private, progress, MEASURES)
        by_split.append([one.record for one in scored])
    rows = [
        {"trial": number, "values": values, **summary(records)}
        for number, (values, *records) in enumerate(zip(trials, *by_split, strict=True))
    ]
    log = log_path(options, submission.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return sorted(rows, key=_order)


def variant(
    submission: Submission, constants: Mapping[str, Constant], values: Mapping[str, float]
) -> Submission:
    """Return the submission with other values; with those that it has it is the same file."""
    text = submission.source.decode()
    if any(constants[name].value != value for name, value in values.items()):
        text = with_values(text, constants, values)
    digest = hashlib.sha256(submission.sha256.encode() + text.encode()).hexdigest()
    return Submission(submission.name, submission.path, text.encode(), digest)


def summary(records: Sequence[Record]) -> dict[str, Any]:
    """Return one trial's means over the private splits, or its first fault."""
    scores, ratios = [], []
    for record in records:
        if record.relative_score is None or record.time_ratio is None:
            fault = record.faults[0] if record.faults else None
            return {"relative_score": None, "within_budget": False, "fault": fault}
        scores.append(record.relative_score)
        ratios.append(record.time_ratio)
    time_ratio = float(np.mean(ratios))
    seeds = [str(record.split_seed) for record in records]
    return {
        "relative_score": float(np.mean(scores)),
        "by_split_seed": dict(zip(seeds, scores, strict=True)),
        "time_ratio": time_ratio,
        "within_budget": records[0].budget is not None and time_ratio <= records[0].budget,
        "n_models": records[0].n_models,
        "rule": records[0].rule,
    }


def _order(row: dict[str, Any]) -> tuple[bool, bool, float]:
    """Sort trials: without faults first, within the budget first, then by score."""
    relative = row["relative_score"]
    return (relative is None, not row["within_budget"], -(relative or 0.0))
