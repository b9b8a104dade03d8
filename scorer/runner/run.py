"""Run submissions N times: which runs are missing, where they are made, and what they left."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scorer.engines.base import Engine, Progress, no_progress
from scorer.machine import workers_on
from scorer.options import Options
from scorer.oracles.outputs import Bank
from scorer.oracles.pool import Pool
from scorer.runner.faults import Fault
from scorer.runner.load import Submission
from scorer.runner.tiers import resolve
from scorer.runner.units import N_REFERENCES, Unit, kept_units, order_units
from scorer.store import Store
from scorer.training.recipe import seed_of

logger = logging.getLogger("scorer")

RUNS_PER_GPU = 4
"""Submissions that share a GPU, each with its part of the memory."""


@dataclass(frozen=True)
class RunResults:
    """What N runs gave.

    Attributes:
        bank: outputs of the unlearned models, None if any run failed.
        elapsed_s: `(n,)` wall time from fork to exit of each run that ended well.
        cpu_s: `(n,)` processor time of it, its threads and its children.
        reference_s: `(n,)` wall time of the retrainings among the runs.
        reference_cpu_s: `(n,)` processor time of them.
        peak_mib: the largest memory of a run's processes.
        multiply_adds: counted in the audited run, None where that failed.
        reference_multiply_adds: of one retraining, counted alike.
        seeds: of the runs.
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
    faults: list[Fault] = field(default_factory=list)


def run_submissions(
    submissions: Sequence[Submission],
    pool: Pool,
    options: Options,
    engine: Engine,
    progress: Progress = no_progress,
    runs_dir: Path | None = None,
) -> list[RunResults]:
    """Run several submissions N times each in the same workers, which start only once.

    Runs that an earlier call finished are not made again. Where runs are made, so are retrainings
    to time them against, the same for all submissions: the ratio is that of the means over all.

    Args:
        submissions: in any number.
        pool: holds the original models that the design needs.
        options: N, design, sandbox and time limit are looked at.
        engine: where shards run.
        progress: called with ("unlearn", done, total).
        runs_dir: where runs are kept and looked for; default beside the pool's models.
    """
    if not submissions:
        return []
    place, n_models = runs_dir or pool.root / "unlearned", options.n_models
    tier = resolve(options.sandbox, pool.device)
    roots = [
        place / f"{each.name}-{each.sha256[:16]}-{options.design}-{tier}" for each in submissions
    ]
    stores = [kept_units(root, "run") for root in roots]
    audits = [kept_units(root, "audit") for root in roots]
    for store, submission in zip(stores, submissions, strict=True):
        outdated = store.outdated(n_models)
        if outdated:
            message = "%d runs of %s lack a feature or were metered otherwise, and are made again"
            logger.warning(message, len(outdated), submission.name)
    references = kept_units(roots[0], "reference")
    runs: list[Unit] = [
        (job, "run", index) for job, store in enumerate(stores) for index in store.missing(n_models)
    ]
    # Runs of now beside retrainings of now; those of an earlier call stay with its runs.
    n_timed = next(index for index in itertools.count() if not references.has(index))
    n_wanted = n_timed + N_REFERENCES if runs else max(n_timed, N_REFERENCES)
    units = order_units(
        runs,
        [(job, "audit", 0) for job, store in enumerate(audits) if not store.has(0)],
        [(0, "reference", index) for index in range(n_timed, n_wanted)],
    )
    # By kind and index: what fails is tried by each worker, and is one fault all the same.
    faults: list[dict[tuple[str, int], Fault]] = [{} for _ in submissions]

    def on_event(event: dict[str, Any]) -> None:
        if event.get("fault"):
            fault = Fault(**event["fault"])
            faults[event["job"]].setdefault((event["kind"], fault.run), fault)

    if units:
        jobs = []
        for root, submission in zip(roots, submissions, strict=True):
            root.mkdir(parents=True, exist_ok=True)
            (root / "submission.py").write_bytes(submission.source)
            jobs.append({"root": str(root), "shown_path": submission.shown_path})
        spec = {
            **pool.to_spec(),
            "jobs": jobs,
            "n_models": n_models,
            "design": options.design,
            "sandbox": tier,
            "timeout_s": options.timeout_s or pool.task.definition.timeout_s,
        }
        function = "scorer.runner.shard:run_shard"
        engine.share(
            function,
            spec,
            units,
            what="unlearn",
            progress=progress,
            unless_chosen=workers_on(pool.device, RUNS_PER_GPU),
            on_event=on_event,
        )
    timed = _facts(references, n_wanted)
    seeds = [seed_of(pool.task.fingerprint, "unlearn", i, "run") for i in range(n_models)]
    return [
        _results(store, _facts(audit, 1), timed, seeds, list(own.values()))
        for store, audit, own in zip(stores, audits, faults, strict=True)
    ]


def _facts(store: Store, n_units: int) -> list[dict[str, Any]]:
    """Return the manifests of those of the first `n_units` that are there."""
    return [store.manifest(index) for index in range(n_units) if store.has(index)]


def _results(
    store: Store,
    audits: list[dict[str, Any]],
    references: list[dict[str, Any]],
    seeds: list[int],
    faults: list[Fault],
) -> RunResults:
    """Read what the runs of one submission left."""
    facts, audit = _facts(store, len(seeds)), audits[0] if audits else {}
    complete = len(facts) == len(seeds)
    return RunResults(
        bank=Bank.stack([store.read(i) for i in range(len(seeds))]) if complete else None,
        elapsed_s=np.array([fact["elapsed_s"] for fact in facts]),
        cpu_s=np.array([fact["cpu_s"] for fact in facts]),
        reference_s=np.array([fact["elapsed_s"] for fact in references]),
        reference_cpu_s=np.array([fact["cpu_s"] for fact in references]),
        peak_mib=max((fact["peak_mib"] for fact in facts), default=0.0),
        multiply_adds=audit.get("multiply_adds"),
        reference_multiply_adds=audit.get("reference_multiply_adds"),
        seeds=seeds,
        faults=sorted(faults, key=lambda fault: fault.run),
    )
