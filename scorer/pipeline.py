"""The one way to a score: methods -> records.

Every command that scores goes through `score`: it opens the task's pool, makes the models that are
asked for, runs the submissions in shared workers, measures what they returned, and joins numbers
and provenance to records. What is asked for decides what is made: without measures that look at
oracles no oracle is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from scorer.engines.base import Engine, Progress
from scorer.features.views import asked_by
from scorer.lines import is_walked, side_of, walked
from scorer.measures import measure
from scorer.measures.base import Evidence, Measured
from scorer.measures.costs import RunCosts
from scorer.metric.rules import make_rule
from scorer.options import Options
from scorer.oracles.disk import bank_needs, check_room
from scorer.oracles.open import open_pool
from scorer.oracles.outputs import Bank
from scorer.oracles.place import RUNS
from scorer.oracles.pool import Pool
from scorer.results.provenance import bank_sha256, environment
from scorer.results.record import Record, new_record, save_record
from scorer.runner.designs import DESIGNS
from scorer.runner.load import Submission, find_method
from scorer.runner.run import RunResults, try_submissions
from scorer.runner.stream import joined, outcome_needs, run_requests
from scorer.runner.tiers import resolve
from scorer.scenarios import Request, make_scenario
from scorer.steps import Method, Step, lacks_models, models_wanted, open_steps

STAGES = ("open", "train", "run", "measure")


@dataclass(frozen=True)
class Scored:
    """What became of one method.

    Attributes:
        record: every number, and where it comes from.
        arrays: to compute them again from.
        source: bytes of the submission as it is run, None for a row that the kit makes itself.
        others: what was copied with it, by path.
        banks: the outputs that were measured, by role; without "unlearned" where a run failed.
    """

    record: Record
    arrays: Mapping[str, np.ndarray]
    source: bytes | None
    others: Mapping[str, bytes]
    banks: Mapping[str, Bank]

    def keep(self, results_dir: Path) -> Path:
        """Write the record with its arrays and source; return the path of its JSON."""
        return save_record(self.record, self.arrays, self.source, results_dir, self.others)


def score(
    methods: Sequence[Method | None],
    options: Options,
    progress: Progress,
    measures: Collection[str] | None = None,
    *,
    runs_dir: Path | None = None,
    anew: bool = False,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> list[Scored]:
    """Score methods under the same options; nothing is kept but models and runs.

    Args:
        methods: names or paths as a user types them, None for the entry in `submission/`, or
            submissions.
        options: everything that a user may choose.
        progress: called with (what, done, total).
        measures: names in `scorer.measures.MEASURES`; None for all.
        runs_dir: where runs are kept and looked for, the pool's by default. In an empty folder
            methods are scored as if they had never been run.
        anew: delete the outcomes that are there and make all runs, under a new secret unless the
            options name one.
        on_stage: called with each of `STAGES` when it has ended.

    Returns:
        One entry for each method, in their order.

    Raises:
        UsageError: unknown method, or a design that does not fit N.
        MissingData: the data set is not there.
    """
    DESIGNS[options.design].originals(options.n_models)  # refused here, before anything is opened
    found = [
        find_method(each) if each is None or isinstance(each, str) else each for each in methods
    ]
    pool, engine = open_pool(options, progress)
    requests = make_scenario(options.scenario).requests(pool.task)
    on_stage("open")
    pools = [pool.for_part(request.task) for request in requests[:-1]] + [pool]
    submissions = [each for each in found if isinstance(each, Submission)]
    place = runs_dir or pool.root / RUNS
    wanted = models_wanted(found, options, measures)
    originals = {"original": wanted["original"]}
    _check_disk(pools, requests, wanted, submissions, options, runs_dir, anew=anew)
    if submissions and any(lacks_models(each, wanted, originals) for each in pools):
        # The file first: nobody is to wait for oracles to learn of a fault in its first line.
        pool.banks({"original": 1}, engine, progress)
        where = (pools[0], options, engine, progress, place)
        faults = try_submissions(submissions, *where, request=requests[0], anew=anew)
        anew = False
        if len(submissions) == len(found) and all(faults):
            wanted = originals
    steps = open_steps(requests, pools, wanted, engine, options, progress)
    on_stage("train")
    told = (pools, requests, options, engine, progress, place)
    runs = iter(run_requests(submissions, *told, anew=anew))
    results = [next(runs) if isinstance(each, Submission) else None for each in found]
    on_stage("run")
    about = provenance(pool, engine, options)
    scored = []
    for done, (method, own) in enumerate(zip(found, results, strict=True)):
        progress("score", done, len(found))
        after_each = measure_requests(method, own, steps, options, measures)
        whole = None if own is None else joined(own, len(steps))
        evidence = gather(method, whole, steps[-1], options, own or ())
        if is_walked(evidence, measures):
            side = side_of(method, pool, options, place)
            evidence = walked(evidence, side, pool, engine, options, progress)
        measured = measure(evidence, measures)
        record = make_record(
            method, whole, measured, evidence.banks, pool, options, about, after_each
        )
        source, others = None, {}
        if isinstance(method, Submission):
            source, others = method.source, method.code.others
        scored.append(Scored(record, measured.arrays, source, others, evidence.banks))
    progress("score", len(found), len(found))
    on_stage("measure")
    return scored


def _check_disk(
    pools: Sequence[Pool],
    requests: Sequence[Request],
    wanted: Mapping[str, int],
    submissions: Sequence[Submission],
    options: Options,
    runs_dir: Path | None,
    *,
    anew: bool,
) -> None:
    """Refuse to begin where models, runs and banks will not fit: all are known before any is made.

    Raises:
        ScorerError: the disk has not the room.
    """
    others = {role: n for role, n in wanted.items() if role != "original"}
    models = [need for pool in pools[:-1] for need in pool.needs(others)]
    models += pools[-1].needs(wanted)
    models += [need for pool in pools for need in bank_needs(pool.task, wanted)]
    place = runs_dir or pools[-1].root / RUNS
    runs = outcome_needs(submissions, pools, requests, options, place, anew=anew)
    if runs_dir is None:
        check_room(options.cache_dir, [*models, *runs])
    else:
        check_room(options.cache_dir, models)
        check_room(runs_dir, runs)


def measure_requests(
    method: Method,
    runs: Sequence[RunResults] | None,
    steps: Sequence[Step],
    options: Options,
    measures: Collection[str] | None,
) -> list[dict[str, Any]]:
    """Return what a record says of the state after each of several requests; nothing of one.

    Requests that were not run, since a run of an earlier one had failed, are left out.
    """
    if len(steps) == 1:
        return []
    n_done = len(steps) if runs is None else len(runs)
    found = []
    for k, step in enumerate(steps[:n_done]):
        evidence = gather(method, runs[k] if runs else None, step, options)
        measured = measure(evidence, measures)
        found.append(
            {
                "request": step.request.number,
                "n_asked": len(step.request.asked),
                "n_requested": len(step.request.task.split.forget),
                "fingerprint": step.pool.task.fingerprint,
                "bank_sha256": digest_of(evidence.banks),
                "measured": measured.values,
                "missing": measured.missing,
            }
        )
    return found


def gather(
    method: Method,
    runs: RunResults | None,
    step: Step,
    options: Options,
    runs_by_request: Sequence[RunResults] = (),
) -> Evidence:
    """Return what the measures of one method may look at.

    Args:
        method: whose models they are.
        runs: that made them, None for a row of the kit.
        step: whose models they are held against.
        options: rule, budget, N and design are looked at.
        runs_by_request: where the runs are of several requests, each of which has a budget.
    """
    banks, pool = step.banks, step.pool
    seen = {role: bank for role, bank in banks.items() if role in ("oracle", "control", "floor")}
    if isinstance(method, str):
        seen["unlearned"] = banks["floor" if method == "original" else method]
    elif runs is not None and runs.bank is not None:
        seen["unlearned"] = runs.bank
    has_original = not isinstance(method, str) or method == "original"
    originals = DESIGNS[options.design].originals(options.n_models)
    return Evidence(
        banks=seen,
        stratum=pool.task.split.forget_stratum,
        rule=make_rule(options.rule),
        budget=options.budget,
        costs=costs_of(runs, pool.device) if runs else None,
        costs_by_request=tuple(costs_of(each, pool.device) for each in runs_by_request),
        originals=tuple(originals) if has_original else None,
        asked=asked_by(options.features),
        labels=pool.task.labels("forget").numpy(),
    )


def costs_of(runs: RunResults, device: str) -> RunCosts:
    """Return what the runs of one submission took, as the measures look at it."""
    return RunCosts(
        elapsed_s=runs.elapsed_s,
        cpu_s=runs.cpu_s,
        retraining_s=runs.reference_s,
        retraining_cpu_s=runs.reference_cpu_s,
        cpu_counts=device == "cpu",
        peak_mib=runs.peak_mib,
        multiply_adds=runs.multiply_adds,
        retraining_multiply_adds=runs.reference_multiply_adds,
    )


def provenance(pool: Pool, engine: Engine, options: Options) -> dict[str, Any]:
    """Return what made the records of one call, besides what identifies them."""
    return {
        "environment": environment(pool.device),
        "task": pool.task.describe(),
        "path": asdict(pool.path),
        "engine": options.engine,
        "n_workers": engine.n_workers,
    }


def adaptations(file: Submission | None, runs: RunResults | None) -> list[str]:
    """Return what was adapted of a file and of what its runs returned, a line each."""
    notes = list(file.code.notes) if file else []
    return notes + [f"returned {name}" for name in (runs.taken_off if runs else ())]


def digest_of(banks: Mapping[str, Bank]) -> str | None:
    """Return what tells the retrained models of one score from those of others."""
    return bank_sha256({role: bank.confidence() for role, bank in banks.items()})


def make_record(
    method: Method,
    runs: RunResults | None,
    measured: Measured,
    banks: Mapping[str, Bank],
    pool: Pool,
    options: Options,
    about: Mapping[str, Any],
    requests: list[dict[str, Any]],
) -> Record:
    """Join numbers, identity and provenance."""
    rule, digest = make_rule(options.rule), digest_of(banks)
    if digest is None:
        missing = {**measured.missing, "bank_sha256": "needs control and oracle models"}
        measured = replace(measured, missing=missing)
    file = method if isinstance(method, Submission) else None
    return new_record(
        measured=measured,
        method=file.name if file else str(method),
        method_path=file.shown_path if file else "",
        method_sha256=file.sha256 if file else "",
        task=pool.task.name,
        forget=pool.task.forget,
        split_seed=pool.task.split_seed,
        fingerprint=pool.task.fingerprint,
        engine_id=pool.engine_id,
        pool_secret=pool.secret,
        runs_secret=runs.secret if runs else None,
        bank_sha256=digest,
        n_models=options.n_models,
        rule=rule.name,
        delta=rule.delta,
        design=options.design,
        scenario=options.scenario,
        sandbox=resolve(options.sandbox, pool.device) if file else "none",
        budget=options.budget,
        faults=[asdict(fault) for fault in runs.faults] if runs else [],
        runs_not_made=runs.n_not_made if runs else 0,
        adapted=adaptations(file, runs),
        requests=requests,
        provenance={**about, "seeds": runs.seeds if runs else []},
    )
