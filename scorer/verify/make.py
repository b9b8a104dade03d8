"""All looks at one record, in the order of their cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from scorer.engines import make_engine
from scorer.engines.base import Progress
from scorer.errors import ScorerError, UsageError
from scorer.metric.seen import hardest_seen
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.results.arrays import read_npz
from scorer.results.check import CANNOT_TELL, FAILS, HOLDS, Check
from scorer.results.record import Record
from scorer.runner.designs import DESIGNS
from scorer.runner.load import Submission
from scorer.runner.tiers import resolve
from scorer.tasks.forget.file import File
from scorer.tasks.load import load_task
from scorer.tasks.task import Task
from scorer.training.paths import TrainingPath
from scorer.verify.again import make_again
from scorer.verify.rescore import rescore

UNSEEN = "test images unseen"
MOST_EXCESS = 4.0
"""Standard deviations of single oracles above which a model has seen what oracles have not."""

MORE_THAN_ORIGINAL = 4.0
"""And how far above the original it started from, which has seen no test image either."""


def options_of(record: Record, here: Options) -> Options:
    """Return the options that a record was made with, on this machine.

    Args:
        record: of a score.
        here: task (by name or path), folders, device, engine, workers and tier.
    """
    return replace(
        here,
        forget=record.forget,
        scenario=record.scenario,
        split_seed=record.split_seed or 0,
        n_models=record.n_models,
        rule=record.rule,
        design=record.design,
        budget=record.budget or here.budget,
        secret=record.pool_secret,
        runs_secret=record.runs_secret,
        sandbox=resolve(here.sandbox, here.torch_device),
    )


def verify(
    record: Record, file: Path, here: Options, n_again: int, progress: Progress
) -> list[Check]:
    """Return what holds of a record.

    Args:
        record: of a score.
        file: its JSON; its arrays and its source lie beside that.
        here: see `options_of`.
        n_again: oracles, and runs, to be made again; 0 looks at the files alone.
        progress: called with (what, done, total).

    Raises:
        UsageError: the record has no score, or there are not so many models.
        ScorerError: its arrays are missing or damaged, or a model cannot be made here.
    """
    if record.faults:
        raise UsageError(f"{record.method} must have a score to be verified, got: {record.failure}")
    if not 0 <= n_again <= record.n_models:
        raise UsageError(f"--again must be from 0 to N = {record.n_models}, got {n_again}")
    arrays = read_npz(file.with_suffix(".npz"))
    checks = rescore(record, arrays)
    reason = why_not_again(record, here, n_again)
    if reason:
        names = ("oracles made again", "runs made again", UNSEEN)
        return [*checks, *(Check(name, CANNOT_TELL, reason) for name in names)]
    options = options_of(record, here)
    engine = make_engine(options.engine, options.workers)
    task = load_task(options, engine, progress)
    if task.fingerprint != record.fingerprint:
        said = f"{task.name} here has fingerprint {task.fingerprint[:8]}, the record another"
        return [*checks, Check("task", FAILS, f"{said}: data, split or recipe changed")]
    submission = source_of(record, file.with_suffix(".py"))
    again = make_again(record, arrays, submission, task, options, n_again, engine, progress)
    checks += again.checks
    if isinstance(submission, Submission):
        checks.append(look_at_test(record, task, options, again.unlearned_test))
    return checks


def why_not_again(record: Record, here: Options, n_again: int) -> str:
    """Return why nothing can be made again, empty where it can."""
    if n_again == 0:
        return "nothing was made again: --again 0"
    if record.pool_secret is None or path_of(record) is None:
        return "the record does not hold the secret of its pool, or how its models are trained"
    if record.forget.startswith(f"{File.name}:"):
        return "the record names what was forgotten by a hash: where the list lies is not told"
    if record.requests:
        return "each run of a stream starts from another, and they are not made again"
    if record.engine_id.startswith("cuda") != (here.torch_device == "cuda"):
        return f"made by {record.engine_id}, and this is {here.torch_device}; see --device"
    return ""


def path_of(record: Record) -> TrainingPath | None:
    """Return how the models of a record are trained, None where its provenance does not tell."""
    try:
        return TrainingPath(**record.provenance["path"])
    except (KeyError, TypeError, ValueError):
        return None


def source_of(record: Record, path: Path) -> Submission | str:
    """Return the file that was scored, or why it cannot be run again."""
    if record.is_reference:
        return "a row of the kit itself, without runs"
    try:
        found = Submission.read(path)
    except UsageError as error:
        return str(error)
    if found.sha256 != record.method_sha256:
        return "the file beside the record, or what it imports of baselines, is another now"
    return replace(found, name=record.method)


def look_at_test(
    record: Record, task: Task, options: Options, unlearned: np.ndarray | None
) -> Check:
    """Return whether the runs made again are no surer of hard test images than who never saw them.

    Args:
        record: of a score.
        task: the record's.
        options: the record's.
        unlearned: `(n_runs, n_test)` confidences on test, None where there are none.
    """
    if unlearned is None:
        return Check(UNSEEN, CANNOT_TELL, "needs runs that were made again")
    try:
        banks = pool_on_test(record, task, options)
    except ScorerError as error:
        return Check(UNSEEN, CANNOT_TELL, str(error))
    try:
        seen = hardest_seen(unlearned, *banks)
    except ValueError as error:
        return Check(UNSEEN, CANNOT_TELL, str(error))
    said = (
        f"on the {seen.n_hard} hardest test images the runs are {seen.excess:+.1f} sd of single"
        f" oracles from them, the original {seen.original_excess:+.1f}"
    )
    is_over = seen.excess > MOST_EXCESS
    if is_over and seen.excess > seen.original_excess + MORE_THAN_ORIGINAL:
        return Check(UNSEEN, FAILS, f"{said}: it was trained on them; read its file", True)
    return Check(UNSEEN, HOLDS, said)


def pool_on_test(
    record: Record, task: Task, options: Options
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return confidences on test of the pool's oracles, controls and originals.

    Raises:
        ScorerError: the pool is not in the cache, or holds other models.
    """
    where = options.torch_device, options.cache_dir, record.pool_secret
    path = path_of(record)
    pool = None if path is None else Pool.find(task, path, *where)
    n = record.n_models
    if pool is None or any(pool.store(role).missing(n) for role in ("oracle", "control")):
        raise ScorerError(
            "needs the record's pool of oracles and controls, which is not in this cache; make it"
            " by `python -m scorer oracles --secret` with the record's pool_secret"
        )
    n_originals = len(set(DESIGNS[record.design].originals(n)))
    roles = {"oracle": n, "control": n, "original": n_originals}
    oracle, control, original = (
        pool.bank(role, count).confidence("test") for role, count in roles.items()
    )
    return oracle, control, original
