"""Run the trials of a method on private splits: all of them briefly, the best of them longer."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from baselines.common import family_of
from data_prep import load_raw
from scorer.engines.base import Progress
from scorer.errors import UsageError, unknown_name
from scorer.measures import MEASURES
from scorer.metric.utility import relative_score
from scorer.options import OWN_FORGET_SET, Options
from scorer.pipeline import score
from scorer.results.record import Record
from scorer.runner.load import Submission
from scorer.secret import PUBLIC_SECRET
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.spec import parse_forget
from scorer.tuning.constants import (
    Values,
    constants_of,
    encoding_of,
    fingerprint,
    text_of,
    with_values,
)
from scorer.tuning.draw import BATCH_SIZE, BATCH_SIZES, draw_trials
from scorer.tuning.log import Row, TuningLog, log_path, plan_values, read_log, task_label
from scorer.tuning.plan import PLANS, Plan
from scorer.tuning.probe import longest_lengths, probes

SCORES = ("forgetting", "utility", "errors")
"""Measures of what the trials are ranked by."""


def family_of_task(options: Options) -> str:
    """Return the family of the task's images, by the rule that methods themselves follow."""
    raw = load_raw(TASKS[options.task].dataset, options.data_dir)
    return family_of(raw.images.shape[-1])


def meters() -> list[str]:
    """Return the measures that look at no model: those of what runs cost."""
    return [name for name, each in MEASURES.items() if not each.needs]


def tuned_names(submission: Submission, asked: Sequence[str] = ()) -> list[str]:
    """Return the constants of a file that are tuned.

    Args:
        submission: the file.
        asked: names a user gave; where empty, those that the file reads through `for_family`;
            where it reads none so, numbers with a decimal point: those with RATE in their names,
            or all of them where there are none such.

    Raises:
        UsageError: no such constant, or the file is no Python.
    """
    constants = constants_of(text_of(submission.source, submission.shown_file))
    for name in asked:
        if name not in constants:
            raise unknown_name("constant", name, constants)
    plain = [name for name, each in constants.items() if isinstance(each.value, float)]
    rates = [name for name in plain if "RATE" in name]
    return list(asked) or [name for name in constants if constants[name].is_tuned] or rates or plain


def tune(
    submissions: Sequence[Submission],
    names: Sequence[str],
    options: Options,
    progress: Progress,
    plan: Plan | None = None,
) -> list[TuningLog]:
    """Run all trials of methods that were not run yet, log them, and return the logs.

    The methods go through each round together: their runs share workers, and the retrainings that
    they are timed against. A log is written when the round of all has ended.

    Args:
        submissions: whose constants are tried.
        names: of the constants; see `tuned_names`.
        options: of the runs; design, split seed and N are the plan's.
        progress: called with what is being done, units done, and of how many.
        plan: how much is tried; by default what `PLANS` has for the family of the task.

    Raises:
        UsageError: no such constant, or none to tune; or the forget set is the same examples on
            every split, so that those would be tuned on that are scored.
    """
    named = parse_forget(options.forget)
    if named is not None and named.is_fixed:
        raise UsageError(
            f"--forget {options.forget} names the same examples on every split, so that none is"
            " private to tune on; tune with one that is drawn anew, such as random:100"
        )
    family = family_of_task(options)
    plan = plan or PLANS[family]
    methods = [
        Trials(each, tuned_names(each, names), family, TASKS[options.task], options.forget)
        for each in submissions
    ]
    logs = _logs(methods, options, progress, plan)
    designed = dataclasses.replace(options, design=plan.design)
    for number, rung in enumerate(plan.rungs):
        chosen: list[dict[int, Values]] = []
        for log in logs:
            before = log.rung(number - 1)
            going_on = survivors(before, rung.n_trials) if before else range(len(log.trials))
            is_done = bool(log.rung(number))
            chosen.append({} if is_done else {trial: log.trials[trial] for trial in going_on})
        variants = [
            method.variant(values)
            for method, own in zip(methods, chosen, strict=True)
            for values in own.values()
        ]
        by_split = [
            iter(scored(variants, designed, progress, rung.n_models, seed))
            for seed in rung.split_seeds
        ]
        for log, own in zip(logs, chosen, strict=True):
            log.rows += [
                {"rung": number, "trial": trial, **summary([next(each) for each in by_split])}
                for trial in own
            ]
            if own:
                log.write(log_path(options, log.method))
    return logs


def _logs(
    methods: Sequence[Trials], options: Options, progress: Progress, plan: Plan
) -> list[TuningLog]:
    """Return the logs to go on with; of a method that has none, a new one with its trials drawn.

    Lengths are drawn as the budget allows, as far as a few runs tell what they cost.
    """
    logs = [read_log(options, each.name, each.fingerprint, plan) for each in methods]
    new = [method for method, log in zip(methods, logs, strict=True) if log is None]
    variants = [one.variant(each) for one in new for each in probes(one.start).values()]
    # An original a run: the few of a probe cannot be shared among as many as the plan has.
    designed = dataclasses.replace(options, design="reuse-n")
    numbers = plan.n_probes, plan.rungs[0].split_seeds[0]
    records = iter(scored(variants, designed, progress, *numbers, scores=()))
    drawn = {}
    for one in new:
        probed = {size: next(records) for size in probes(one.start)}
        sizes = BATCH_SIZES if BATCH_SIZE in one.start else (None,)
        longest = longest_lengths(probed, sizes)
        found = TuningLog(
            one.name,
            task_label(options),
            one.family,
            one.fingerprint,
            plan_values(plan),
            trials=draw_trials(one.start, one.name, plan.rungs[0].n_trials, longest),
        )
        found.write(log_path(options, one.name))
        drawn[one.name] = found
    return [log or drawn[one.name] for one, log in zip(methods, logs, strict=True)]


def survivors(ranking: Sequence[Row], n_trials: int) -> list[int]:
    """Return the trials that go on: the best within the budget, and the file as it is in any case.

    Args:
        ranking: of the rung before, the best first.
        n_trials: how many go on at most.
    """
    good = [row["trial"] for row in ranking if row["within_budget"]]
    others = [trial for trial in good[:n_trials] if trial != 0]
    return [0, *others[: n_trials - 1]]


class Trials:
    """Copies of a file with other values for its constants.

    Attributes:
        name: of the method.
        family: of the task's images.
        start: values of the file.
        fingerprint: of the file but for its values, and of the task.
    """

    def __init__(
        self,
        submission: Submission,
        names: Sequence[str],
        family: str,
        definition: TaskDefinition,
        forget: str,
    ) -> None:
        """Look the constants up; nothing is run.

        Raises:
            UsageError: there is nothing to tune, or a share is not between 0 and 1.
        """
        if not names:
            raise UsageError(
                f"{submission.shown_path} must have a number with a decimal point in capitals at"
                " its top, such as LEARNING_RATE = 0.1, to tune; it has none"
            )
        self._submission, self.name, self.family = submission, submission.name, family
        self._constants = constants_of(text_of(submission.source, submission.shown_file))
        self.start = {name: self._constants[name].at(family) for name in names}
        for name, value in self.start.items():
            if "SHARE" in name and not 0 < value < 1:
                raise UsageError(
                    f"{name} in {submission.shown_path} must be between 0 and 1 to be tuned as a"
                    f" share, got {value}"
                )
        task = repr(definition) + (forget if forget != OWN_FORGET_SET else "")
        text = fingerprint(submission.source, self._constants, names) + task
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def variant(self, values: Values) -> Submission:
        """Return the submission with other values; with those that it has it is the same file."""
        own = self._submission
        encoding = encoding_of(own.source)
        source = own.source.decode(encoding)
        text = with_values(source, self._constants, self.family, values).encode(encoding)
        if text == own.source:
            return own
        digest = hashlib.sha256(own.sha256.encode() + text).hexdigest()
        return dataclasses.replace(own, code=own.code.with_source(text), sha256=digest)


def scored(
    variants: Sequence[Submission],
    options: Options,
    progress: Progress,
    n_models: int,
    split_seed: int,
    scores: Sequence[str] = SCORES,
) -> list[Record]:
    """Return the records of trials with `n_models` runs each on one private split."""
    if not variants:
        return []
    # Trials under one seed differ by their constants alone, and nobody gains by knowing it.
    private = dataclasses.replace(
        options,
        secret=PUBLIC_SECRET,
        runs_secret=PUBLIC_SECRET,
        split_seed=split_seed,
        n_models=n_models,
    )
    found = score(variants, private, progress, [*scores, *meters()])
    return [each.record for each in found]


def summary(records: Sequence[Record]) -> Row:
    """Return one trial's means over the private splits; without a score where a run failed.

    The budget is held against the means too: on one split the time of a trial at the limit is
    above it by chance.
    """
    faults = [fault for record in records for fault in record.faults]
    scores = [record.relative_score for record in records]
    failed = bool(faults) or None in scores
    ratios = {
        name: _mean([record.measured.get(name) for record in records])
        for name in ("time_ratio", "compute_ratio")
    }
    budget = records[0].budget
    is_over = budget is not None and any(ratio and ratio > budget for ratio in ratios.values())
    return {
        "n_models": records[0].n_models,
        "split_seeds": [record.split_seed for record in records],
        "relative_score": None if failed else _mean(scores),
        "relative_score_se": _combined([record.relative_score_se for record in records]),
        "original_relative_score": _mean([_original_score(record) for record in records]),
        "retain_ratio": _mean([_accuracy_ratio(record, "retain") for record in records]),
        "test_ratio": _mean([_accuracy_ratio(record, "test") for record in records]),
        **ratios,
        "within_budget": not failed and not is_over,
        "faults": sorted({fault["fault"] for fault in faults}),
    }


def _original_score(record: Record) -> float | None:
    """Return the relative score of the original model."""
    final, ceiling = record.floor_final_score, record.ceiling_final_score
    return None if final is None or ceiling is None else relative_score(final, ceiling)


def _accuracy_ratio(record: Record, name: str) -> float | None:
    """Return the mean accuracy on a set over the oracles'."""
    own, oracle = record.accuracy, record.oracle_accuracy
    return None if own is None or oracle is None else float(own[name] / oracle[name])


def _mean(values: Sequence[Any]) -> float | None:
    """Return the mean to four digits, None where a value is missing."""
    return None if None in values else float(f"{np.mean(values):.4g}")


def _combined(errors: Sequence[Any]) -> float | None:
    """Return the standard error of a mean over splits from those on each, None where one lacks."""
    if None in errors:
        return None
    return float(f"{np.hypot.reduce(errors) / len(errors):.4g}")
