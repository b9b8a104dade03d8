"""Run a submission N times, in shards, and keep the outputs of every network that it returned."""

from __future__ import annotations

import os
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
from scorer.runner.sandbox import make_sandbox
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
    key = f"{submission.name}-{submission.sha256[:16]}-{plan.design}-{plan.sandbox}"
    root = pool.root / "unlearned" / key
    runs, references = Store(root / "run"), Store(root / "reference")
    units = interleave(runs.missing(plan.n_models), references.missing(N_REFERENCES))
    faults: list[Fault] = []
    if units:
        root.mkdir(parents=True, exist_ok=True)
        (root / "submission.py").write_bytes(submission.source)
        spec: dict[str, Any] = {
            "snapshot": str(save_snapshot(pool.task, pool.cache_dir / "v1" / "tasks")),
            "cache_dir": str(pool.cache_dir),
            "path": pool.path.as_dict(),
            "device": pool.device,
            "root": str(root),
            "shown_path": submission.shown_path,
            "design": plan.design,
            "sandbox": plan.sandbox,
            "timeout_s": plan.timeout_s,
        }

        def on_event(event: dict[str, Any]) -> None:
            if event.get("fault"):
                faults.append(Fault(**event["fault"]))

        engine.share(
            "scorer.runner.run:run_shard",
            spec,
            units,
            what="unlearn",
            progress=progress,
            on_event=on_event,
        )
    fingerprint = pool.task.fingerprint
    seeds = [seed_of(fingerprint, "unlearn", i, "run") for i in range(plan.n_models)]
    finished = [i for i in range(plan.n_models) if runs.has(i)]
    facts = [runs.manifest(i) for i in finished]
    complete = len(finished) == plan.n_models
    return RunResults(
        bank=Bank.stack([runs.read(i) for i in finished]) if complete else None,
        elapsed_s=np.array([fact["elapsed_s"] for fact in facts]),
        reference_s=np.array(
            [references.manifest(i)["elapsed_s"] for i in range(N_REFERENCES) if references.has(i)]
        ),
        peak_mib=max((fact["peak_mib"] for fact in facts), default=0.0),
        seeds=seeds,
        faults=sorted(faults, key=lambda fault: fault.run),
    )


def interleave(runs: list[int], references: list[int]) -> list[tuple[str, int]]:
    """Return the units of work, the timed retrainings spread evenly among the runs."""
    units: list[tuple[str, int]] = [("run", index) for index in runs]
    for position, index in enumerate(reversed(references)):
        place = len(runs) * (len(references) - 1 - position) // max(1, len(references))
        units.insert(place, ("reference", index))
    return units


def run_shard(spec: Spec, emit: Emit) -> None:
    """Make the runs of one shard in a submission's process; evaluate what it returns here.

    A shard whose first run fails makes no others: the file is at fault, not the run.
    """
    task = read_snapshot(Path(spec["snapshot"]))
    pool = Pool(task, TrainingPath(**spec["path"]), spec["device"], Path(spec["cache_dir"]))
    device = torch.device(spec["device"])
    root = Path(spec["root"])
    recipe = task.definition.recipe
    job = {
        "recipe": recipe.as_dict(),
        "n_channels": task.n_channels,
        "n_classes": task.n_classes,
        "device": spec["device"],
        "gpu_share": 0.9 / spec["n_workers"],
        "timeout_s": spec["timeout_s"],
        "memory_mib": memory_per_worker_mib(spec["n_workers"]),
        "shown_path": spec["shown_path"],
    }
    sets = {}
    for name in ("retain", "forget", "val"):
        sets[f"{name}_images"] = task.images(name)
        sets[f"{name}_labels"] = task.labels(name)
    net = build_model(recipe.architecture, task.n_channels, task.n_classes, seed=0)
    net = net.to(device).to(memory_format=torch.channels_last)
    evaluation = EvaluationData.of(task, device)
    units = [(Store(root / kind), index) for kind, index in spec["units"]]
    succeeded = False
    with SubmissionHost(
        sandbox=make_sandbox(spec["sandbox"]),
        job=job,
        source=(root / "submission.py").read_bytes(),
        sets=sets,
    ) as host:
        original = -1
        for ((store, index),) in claim(units, spec["start"], 1):
            reference = store.root.name == "reference"
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
                emit({"fault": fault.as_dict()})
                if not succeeded:
                    return
                continue
            succeeded = succeeded or not reference
            facts = {"seed": seed, "elapsed_s": answer["elapsed_s"], "peak_mib": answer["peak_mib"]}
            store.write(index, outputs, facts)
            emit({"index": index})


def memory_per_worker_mib(n_workers: int) -> float:
    """Return the memory that each of `n_workers` runs may take of this machine's."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return MEMORY_SHARE * total / MIB / n_workers
