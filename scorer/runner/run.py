"""Run submissions N times: which runs are missing, where they are made, and what they left."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scorer.engines.base import Engine, Progress, no_progress
from scorer.machine import workers_on
from scorer.options import Options
from scorer.oracles.outputs import Bank, output_store
from scorer.oracles.pool import Pool
from scorer.runner.faults import Fault
from scorer.runner.load import Submission
from scorer.store import Store
from scorer.training.recipe import seed_of

logger = logging.getLogger("scorer")

N_REFERENCES = 4
"""Plain retrainings timed among the runs of a submission, so that both see the same machine."""

RUNS_PER_GPU = 4
"""Submissions that share a GPU, each with its part of the memory."""

Unit = tuple[int, str, int]
"""Which submission, "run" or "reference", and which of them."""


@dataclass(frozen=True)
class RunResults:
    """What N runs gave.

    Attributes:
        bank: outputs of the unlearned models, None if any run failed.
        elapsed_s: time in `unlearning()` of each successful run.
        reference_s: time of each plain retraining.
        peak_mib: the largest memory of a run's process.
        seeds: of the runs.
        faults: of the runs that failed.
    """

    bank: Bank | None
    elapsed_s: np.ndarray
    reference_s: np.ndarray
    peak_mib: float
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

    Runs that an interrupted call finished are not made again. The retrainings that they are timed
    against are made once for all of them, among their runs.

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
    roots = [
        place / f"{each.name}-{each.sha256[:16]}-{options.design}-{options.sandbox}"
        for each in submissions
    ]
    stores = [output_store(root / "run") for root in roots]
    for store, submission in zip(stores, submissions, strict=True):
        outdated = store.outdated(n_models)
        if outdated:
            message = "%d runs of %s lack a feature and are made again"
            logger.warning(message, len(outdated), submission.name)
    references = Store(roots[0] / "reference")
    runs = [
        (job, "run", index) for job, store in enumerate(stores) for index in store.missing(n_models)
    ]
    retrainings = [(0, "reference", index) for index in references.missing(N_REFERENCES)]
    units = interleave(runs, retrainings)
    faults: list[list[Fault]] = [[] for _ in submissions]

    def on_event(event: dict[str, Any]) -> None:
        if event.get("fault"):
            faults[event["job"]].append(Fault(**event["fault"]))

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
            "sandbox": options.sandbox,
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
    timed = [index for index in range(N_REFERENCES) if references.has(index)]
    reference_s = np.array([references.manifest(index)["elapsed_s"] for index in timed])
    seeds = [seed_of(pool.task.fingerprint, "unlearn", i, "run") for i in range(n_models)]
    return [
        _results(store, n_models, reference_s, seeds, own)
        for store, own in zip(stores, faults, strict=True)
    ]


def _results(
    runs: Store, n_models: int, reference_s: np.ndarray, seeds: list[int], faults: list[Fault]
) -> RunResults:
    """Read what the runs of one submission left."""
    finished = [i for i in range(n_models) if runs.has(i)]
    facts = [runs.manifest(i) for i in finished]
    complete = len(finished) == n_models
    return RunResults(
        bank=Bank.stack([runs.read(i) for i in finished]) if complete else None,
        elapsed_s=np.array([fact["elapsed_s"] for fact in facts]),
        reference_s=reference_s,
        peak_mib=max((fact["peak_mib"] for fact in facts), default=0.0),
        seeds=seeds,
        faults=sorted(faults, key=lambda fault: fault.run),
    )


def interleave(runs: list[Unit], references: list[Unit]) -> list[Unit]:
    """Return the units of work, the timed retrainings spread evenly among the runs."""
    units = list(runs)
    for position, reference in reversed(list(enumerate(references))):
        units.insert(len(runs) * position // len(references), reference)
    return units
