"""Run a submission N times, in shards, and keep the outputs of every network that it returned."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scorer.engines.base import Emit, Engine, Progress, Spec, no_progress
from scorer.oracles.outputs import Bank, EvaluationData, evaluate
from scorer.oracles.pool import Pool
from scorer.runner.faults import Fault
from scorer.runner.host import SubmissionHost
from scorer.runner.load import Submission
from scorer.runner.sandboxes import SANDBOXES
from scorer.store import Store, claim
from scorer.tasks.snapshot import read_snapshot, save_snapshot
from scorer.training.models import build_model
from scorer.training.paths import TrainingPath
from scorer.training.recipe import seed_of

N_REFERENCES = 4
"""Plain retrainings timed among the runs of a submission, so that both see the same machine."""

DESIGNS = {
    "reuse-1": "one original model, unlearned N times: the competition's",
    "reuse-n": "N original models, each unlearned once",
}
MEMORY_SHARE = 0.8
MIB = 2**20

Unit = tuple[int, str, int]
"""Which submission, "run" or "reference", and which of them."""


@dataclass(frozen=True)
class RunPlan:
    """How a submission is run; everything here is part of a record.

    Attributes:
        n_models: number of runs N.
        design: a name in `DESIGNS`.
        sandbox: the tier of isolation.
        timeout_s: after which a run is ended.
    """

    n_models: int
    design: str
    sandbox: str
    timeout_s: float


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


def run_submission(
    submission: Submission,
    pool: Pool,
    plan: RunPlan,
    engine: Engine,
    progress: Progress = no_progress,
) -> RunResults:
    """Run a submission N times; runs that an interrupted call finished are not made again.

    The original models that the design needs must be in the pool.
    """
    return run_submissions([submission], pool, plan, engine, progress)[0]


def run_submissions(
    submissions: Sequence[Submission],
    pool: Pool,
    plan: RunPlan,
    engine: Engine,
    progress: Progress = no_progress,
) -> list[RunResults]:
    """Run several submissions N times each in the same workers, which start only once.

    The retrainings that they are timed against are made once for all of them, among their runs.
    """
    design = f"{plan.design}-{plan.sandbox}"
    roots = [
        pool.root / "unlearned" / f"{each.name}-{each.sha256[:16]}-{design}" for each in submissions
    ]
    references = Store(roots[0] / "reference")
    units = interleave(
        [
            (job, "run", index)
            for job, root in enumerate(roots)
            for index in Store(root / "run").missing(plan.n_models)
        ],
        [(0, "reference", index) for index in references.missing(N_REFERENCES)],
    )
    faults: list[list[Fault]] = [[] for _ in submissions]
    if units:
        for root, submission in zip(roots, submissions, strict=True):
            root.mkdir(parents=True, exist_ok=True)
            (root / "submission.py").write_bytes(submission.source)
        spec: dict[str, Any] = {
            "snapshot": str(save_snapshot(pool.task, pool.cache_dir / "v1" / "tasks")),
            "cache_dir": str(pool.cache_dir),
            "path": pool.path.as_dict(),
            "device": pool.device,
            "jobs": [
                {"root": str(root), "shown_path": submission.shown_path}
                for root, submission in zip(roots, submissions, strict=True)
            ],
            "design": plan.design,
            "sandbox": plan.sandbox,
            "timeout_s": plan.timeout_s,
        }

        def on_event(event: dict[str, Any]) -> None:
            if event.get("fault"):
                faults[event["job"]].append(Fault(**event["fault"]))

        engine.share(
            "scorer.runner.run:run_shard",
            spec,
            units,
            what="unlearn",
            progress=progress,
            on_event=on_event,
        )
    reference_s = np.array(
        [references.manifest(i)["elapsed_s"] for i in range(N_REFERENCES) if references.has(i)]
    )
    seeds = [seed_of(pool.task.fingerprint, "unlearn", i, "run") for i in range(plan.n_models)]
    return [
        _results(Store(root / "run"), plan.n_models, reference_s, seeds, own)
        for root, own in zip(roots, faults, strict=True)
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
    for position, reference in enumerate(reversed(references)):
        place = len(runs) * (len(references) - 1 - position) // max(1, len(references))
        units.insert(place, reference)
    return units


def run_shard(spec: Spec, emit: Emit) -> None:
    """Make the runs of one shard in a submission's process; evaluate what it returns here.

    Of a submission whose first run fails here no others are made: the file is at fault.
    """
    task = read_snapshot(Path(spec["snapshot"]))
    pool = Pool(task, TrainingPath(**spec["path"]), spec["device"], Path(spec["cache_dir"]))
    device = torch.device(spec["device"])
    recipe = task.definition.recipe
    settings = {
        "recipe": recipe.as_dict(),
        "n_channels": task.n_channels,
        "n_classes": task.n_classes,
        "device": spec["device"],
        "gpu_share": 0.9 / spec["n_workers"],
        "timeout_s": spec["timeout_s"],
        "memory_mib": memory_per_worker_mib(spec["n_workers"]),
    }
    sets = {}
    for name in ("retain", "forget", "val"):
        sets[f"{name}_images"] = task.images(name)
        sets[f"{name}_labels"] = task.labels(name)
    net = build_model(recipe.architecture, task.n_channels, task.n_classes, seed=0)
    net = net.to(device).to(memory_format=torch.channels_last)
    evaluation = EvaluationData.of(task, device)
    roots = [Path(job["root"]) for job in spec["jobs"]]
    units = [(Store(roots[job] / kind), index) for job, kind, index in spec["units"]]
    succeeded: set[int] = set()
    given_up: set[int] = set()
    with SubmissionHost(sandbox=SANDBOXES[spec["sandbox"]](), settings=settings, sets=sets) as host:
        original = source_of = -1
        for ((store, index),) in claim(units, spec["start"], 1):
            reference = store.root.name == "reference"
            job = roots.index(store.root.parent)
            if job in given_up and not reference:
                continue
            if job != source_of:
                source = (roots[job] / "submission.py").read_bytes()
                host.set_source(source, spec["jobs"][job]["shown_path"])
                source_of = job
            wanted = index if spec["design"] == "reuse-n" and not reference else 0
            if wanted != original:
                host.set_original(pool.original_weights(wanted))
                original = wanted
            role = "reference" if reference else "unlearn"
            seed = seed_of(task.fingerprint, role, index, "run")
            state, answer = host.run(seed, reference=reference)
            outputs: dict[str, np.ndarray] = {}
            if state is not None:
                net.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
                outputs = evaluate(net.eval(), evaluation)
                if not np.isfinite(outputs["logits_forget"]).all():
                    state = None
                    answer = Fault("non_finite", "the network's outputs are not finite").as_dict()
            if state is None:
                fault = Fault(answer["fault"], answer["message"], answer.get("trace", ""), index)
                emit({"job": job, "fault": fault.as_dict()})
                if not reference and job not in succeeded:
                    given_up.add(job)
                continue
            if not reference:
                succeeded.add(job)
            facts = {"seed": seed, "elapsed_s": answer["elapsed_s"], "peak_mib": answer["peak_mib"]}
            store.write(index, outputs, facts)
            emit({"job": job, "index": index})


def memory_per_worker_mib(n_workers: int) -> float:
    """Return the memory that each of `n_workers` runs may take of this machine's."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return MEMORY_SHARE * total / MIB / n_workers
