"""Run submissions N times: which runs are missing, where they are made, and what they left."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scorer.engines.base import Engine, Progress, no_progress
from scorer.errors import ScorerError
from scorer.features.weights import keeps_weights as are_kept
from scorer.options import Options
from scorer.oracles.outputs import Bank, read_bank
from scorer.oracles.place import RUNS
from scorer.oracles.pool import Pool
from scorer.oracles.room import RUNS_PER_GPU, runs_plan
from scorer.runner.faults import Fault
from scorer.runner.folders import RunsFolder, open_runs
from scorer.runner.load import Submission
from scorer.runner.requests import spec_of
from scorer.runner.tiers import resolve
from scorer.runner.units import N_REFERENCES, Unit, first_run_failed, order_units
from scorer.scenarios import Request
from scorer.store import WEIGHTS, Store, read_or_make

logger = logging.getLogger("scorer")


@dataclass(frozen=True)
class RunResults:
    """What N runs gave.

    Attributes:
        bank: outputs of the unlearned models, None if any run failed.
        elapsed_s: `(n,)` wall time from ready to exit of each run that ended well.
        cpu_s: `(n,)` processor time of it, its threads and its children.
        reference_s: `(n,)` wall time of the retrainings among the runs.
        reference_cpu_s: `(n,)` processor time of them.
        peak_mib: the largest memory of a run's processes.
        multiply_adds: counted in the audited run, None where that failed.
        reference_multiply_adds: of one retraining, counted alike.
        seeds: of the runs.
        secret: that the seeds come from; None where the runs were somebody else's.
        taken_off: what was around returned networks, see `scorer.runner.child.unwrap`.
        n_not_made: runs that were not made, since the first one failed.
        faults: of the runs that failed, the audited one included.
    """

    bank: Bank | None
    elapsed_s: np.ndarray
    cpu_s: np.ndarray
    reference_s: np.ndarray
    reference_cpu_s: np.ndarray
    peak_mib: float
    multiply_adds: int | None
    reference_multiply_adds: int | None
    seeds: list[int]
    secret: str | None
    taken_off: tuple[str, ...] = ()
    n_not_made: int = 0
    faults: list[Fault] = field(default_factory=list)


def run_submissions(
    submissions: Sequence[Submission],
    pool: Pool,
    options: Options,
    engine: Engine,
    progress: Progress = no_progress,
    runs_dir: Path | None = None,
    *,
    request: Request | None = None,
    anew: bool = False,
    keeps_weights: bool = False,
) -> list[RunResults]:
    """Run several submissions N times each in the same workers, which start only once.

    Outcomes are committed: what an earlier call finished is not made again, whether it ended well
    or failed. Where runs are made, so are retrainings to time them against, the same for all
    submissions: the ratio is that of the means over all.

    Args:
        submissions: in any number.
        pool: holds the original models that the design needs, unless the request is another than
            the first; what is returned is evaluated on the sets of its task.
        options: N, design, scenario, sandbox and time limit are looked at.
        engine: where shards run.
        progress: called with ("unlearn", done, total).
        runs_dir: where runs are kept and looked for; default beside the pool's models.
        request: what the runs are given and start from; by default all that the task has. Runs of
            the request before have to be there, in the same folder.
        anew: delete what an earlier call finished, and make all N under a new secret.
        keeps_weights: keep the weights of every run beside its outputs. What an earlier call made
            without them has none: name a `runs_dir` of their own.

    Raises:
        ScorerError: the kit failed, not a submission; what is finished is kept.
    """
    if not submissions:
        return []
    request = request or Request.only(pool.task)
    place, n_models = runs_dir or pool.root / RUNS, options.n_models
    options = replace(options, sandbox=resolve(options.sandbox, pool.device))
    folders = [open_runs(place, each, pool, options, request, anew=anew) for each in submissions]
    _tell_outdated(submissions, folders, n_models)

    def make() -> None:
        units = _missing_units(folders, n_models)
        where = (submissions, folders, pool, options, request, engine, progress)
        make_units(units, "unlearn", *where, keeps_weights=keeps_weights)

    def read() -> list[RunResults]:
        is_kept = are_kept(pool.extra)
        for folder in folders if is_kept or not request.is_last else ():
            # What is started from or walked between: read now, while it can still be made again.
            _check_weights(folder.store("run"), n_models)
        return [
            read_results(submission, folder, folders[0], n_models)
            for submission, folder in zip(submissions, folders, strict=True)
        ]

    def repair() -> None:
        for folder in folders:
            folder.repair()

    return read_or_make(make, read, repair)


def try_submissions(
    submissions: Sequence[Submission],
    pool: Pool,
    options: Options,
    engine: Engine,
    progress: Progress = no_progress,
    runs_dir: Path | None = None,
    *,
    request: Request | None = None,
    anew: bool = False,
) -> list[Fault | None]:
    """Make run 0 of each submission where it is not there, and return what was wrong with it.

    It is the same run as that of `run_submissions`, which goes on from there. So whether a file
    works at all is known before anything else is made for it; the first original is enough.

    Args:
        submissions: in any number.
        pool: holds the first original.
        options: see `run_submissions`, as for the rest.
        engine: where the shard runs.
        progress: called with ("try", done, total).
        runs_dir: where runs are kept and looked for.
        request: the first one, where there are several.
        anew: delete what an earlier call finished first.

    Raises:
        ScorerError: the kit failed, not a submission.
    """
    options = replace(options, sandbox=resolve(options.sandbox, pool.device))
    place = runs_dir or pool.root / RUNS
    request = request or Request.only(pool.task)
    folders = [open_runs(place, each, pool, options, request, anew=anew) for each in submissions]
    stores = [folder.store("run") for folder in folders]
    _tell_outdated(submissions, folders, 1)

    def make() -> None:
        units: list[Unit] = [(job, "run", 0) for job, each in enumerate(stores) if each.missing(1)]
        make_units(units, "try", submissions, folders, pool, options, request, engine, progress)

    def repair() -> None:
        for store in stores:
            store.repair(1)

    return read_or_make(
        make, lambda: [Fault.of_manifest(store.manifest(0)) for store in stores], repair
    )


def make_units(
    units: Sequence[Unit],
    what: str,
    submissions: Sequence[Submission],
    folders: Sequence[RunsFolder],
    pool: Pool,
    options: Options,
    request: Request,
    engine: Engine,
    progress: Progress = no_progress,
    *,
    keeps_weights: bool = False,
) -> None:
    """Make outcomes in workers; of a submission whose run 0 is not there, that one first.

    Args:
        units: which, each of a submission by its place.
        what: name of the work for `progress`.
        submissions: that are run.
        folders: of their outcomes.
        pool: holds the originals that the runs start from.
        options: N, design, time limit and a tier of the sandbox that holds here.
        request: what the runs are given and start from.
        engine: where shards run.
        progress: called with (what, done, total).
        keeps_weights: of runs that no other request starts from, too.

    Raises:
        ScorerError: the kit failed, not a submission, or memory holds no run; what is finished is
            kept.
    """
    if not units:
        return
    jobs = []
    for folder, submission in zip(folders, submissions, strict=True):
        content = submission.code.to_bytes()
        folder.keep_source(content)
        jobs.append(
            {
                "root": str(folder.root),
                "source_sha256": hashlib.sha256(content).hexdigest(),
                "shown_path": submission.shown_file,
            }
        )
    spec = {
        **pool.to_spec(),
        "jobs": jobs,
        "n_models": options.n_models,
        "design": options.design,
        "sandbox": options.sandbox,
        "timeout_s": options.timeout_s or pool.task.definition.timeout_s,
        "request": spec_of(request, pool, keeps_weights=keeps_weights),
    }
    plan, needs = runs_plan(pool.task, pool.device, engine, n_runs=len(units))
    spec |= {"available_bytes": plan.available_bytes, "needs": asdict(needs)}
    engine.share(
        "scorer.runner.shard:run_shard",
        spec,
        list(units),
        what=what,
        progress=progress,
        per_gpu=RUNS_PER_GPU,
        in_memory=plan.per_device,
    )


def _tell_outdated(
    submissions: Sequence[Submission], folders: Sequence[RunsFolder], n_models: int
) -> None:
    """Say which of the first runs of each submission are there but do not hold what is wanted."""
    for folder, submission in zip(folders, submissions, strict=True):
        outdated = folder.store("run").outdated(n_models)
        if outdated:
            message = "%d runs of %s lack a feature or were metered otherwise, and are made again"
            logger.warning(message, len(outdated), submission.name)


def _missing_units(folders: Sequence[RunsFolder], n_models: int) -> list[Unit]:
    """Return what is to be made, in the order of work."""
    stores = [folder.store("run") for folder in folders]
    audits = [folder.store("audit") for folder in folders]
    references = folders[0].store("reference")
    for store in (*stores, *audits, references):
        store.repair(n_models, deep=False)
    given_up = [first_run_failed(store) for store in stores]
    runs: list[Unit] = [
        (job, "run", index)
        for job, store in enumerate(stores)
        if not given_up[job]
        for index in store.missing(n_models)
    ]
    # Runs of now beside retrainings of now; those of an earlier call stay with its runs.
    n_timed = _n_timed(references)
    n_wanted = n_timed + N_REFERENCES if runs else max(n_timed, N_REFERENCES)
    return order_units(
        runs,
        [(j, "audit", 0) for j, audit in enumerate(audits) if not (given_up[j] or audit.has(0))],
        [(0, "reference", index) for index in range(n_timed, n_wanted) if not all(given_up)],
    )


def _check_weights(store: Store, n_models: int) -> None:
    """Read the weights that runs left.

    Raises:
        DamagedEntry: some are not as they were written.
    """
    for index in range(n_models):
        if store.has(index) and Fault.of_manifest(store.manifest(index)) is None:
            store.content(index, WEIGHTS)


def _n_timed(references: Store) -> int:
    """Return how many retrainings are there, the first of them in a row."""
    return next(index for index in itertools.count() if not references.has(index))


def _facts(store: Store, n_units: int) -> list[dict[str, Any]]:
    """Return the manifests of those of the first `n_units` that are there."""
    return [store.manifest(index) for index in range(n_units) if store.has(index)]


def read_results(
    submission: Submission, folder: RunsFolder, timed: RunsFolder, n_models: int
) -> RunResults:
    """Read the outcomes of one submission.

    Args:
        submission: whose they are.
        folder: that holds them.
        timed: folder that holds the retrainings which they are timed against.
        n_models: N.

    Raises:
        ScorerError: some are not there, although its first run did not fail.
    """
    retrainings = timed.store("reference")
    references = [retrainings.manifest(index) for index in range(_n_timed(retrainings))]
    store = folder.store("run")
    outcomes, audit = _facts(store, n_models), _facts(folder.store("audit"), 1)
    n_not_made = n_models - len(outcomes)
    if (n_not_made or not audit) and not first_run_failed(store):
        raise ScorerError(
            f"{submission.name} must have the outcomes of {n_models} runs and of an audit in"
            f" {folder.root}, got {len(outcomes)} and {len(audit)}; call it again"
        )
    faults = [fault for each in (*outcomes, *audit) if (fault := Fault.of_manifest(each))]
    good = [each for each in outcomes if Fault.of_manifest(each) is None]
    counted = {} if not audit or Fault.of_manifest(audit[0]) else audit[0]
    complete = len(good) == n_models
    return RunResults(
        bank=read_bank(store, n_models) if complete else None,
        elapsed_s=np.array([fact["elapsed_s"] for fact in good]),
        cpu_s=np.array([fact["cpu_s"] for fact in good]),
        reference_s=np.array([fact["elapsed_s"] for fact in references]),
        reference_cpu_s=np.array([fact["cpu_s"] for fact in references]),
        peak_mib=max((fact["peak_mib"] for fact in good), default=0.0),
        multiply_adds=counted.get("multiply_adds"),
        reference_multiply_adds=counted.get("reference_multiply_adds"),
        seeds=[fact["seed"] for fact in outcomes],
        secret=folder.secret,
        taken_off=tuple(dict.fromkeys(name for f in good for name in f.get("taken_off", ()))),
        n_not_made=n_not_made,
        faults=faults,
    )
