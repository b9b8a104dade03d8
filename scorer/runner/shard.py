"""Make a share of the runs of submissions: in their own process, evaluated and kept here."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from scorer.engines.base import Emit, Spec
from scorer.features import FEATURES
from scorer.features.base import versions
from scorer.oracles.outputs import EvaluationData, evaluate, output_store
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.runner.designs import DESIGNS
from scorer.runner.faults import Fault
from scorer.runner.host import State, SubmissionHost
from scorer.runner.sandboxes import SANDBOXES
from scorer.store import Store, claim
from scorer.tasks.task import Task
from scorer.training.recipe import seed_of

MEMORY_SHARE = 0.8
MIB = 2**20


def run_shard(spec: Spec, emit: Emit) -> None:
    """Make the runs of one shard, commit what succeeds and emit what fails.

    Of a submission whose first run fails here no others are made: the file is at fault.
    """
    pool = Pool.from_spec(spec)
    task, device = pool.task, torch.device(pool.device)
    net, evaluation = network(task, device), EvaluationData.of(task, device)
    roots = [Path(job["root"]) for job in spec["jobs"]]
    stores = {"run": output_store, "reference": Store}
    units = [(stores[kind](roots[job] / kind), index) for job, kind, index in spec["units"]]
    succeeded: set[int] = set()
    given_up: set[int] = set()
    with start_host(task, spec) as host:
        prepared = Prepared(host, pool, spec)
        for ((store, index),) in claim(units, spec["start"], 1):
            reference = store.root.name == "reference"
            job = roots.index(store.root.parent)
            if job in given_up and not reference:
                continue
            prepared.turn_to(job, index, reference)
            role = "reference" if reference else "unlearn"
            seed = seed_of(task.fingerprint, role, index, "run")
            state, answer = host.run(seed, reference=reference)
            outputs = None
            if state is not None:
                outputs, answer = outputs_of(state, answer, net, evaluation)
            if outputs is None:
                fault = Fault(answer["fault"], answer["message"], answer.get("trace", ""), index)
                emit({"job": job, "fault": asdict(fault)})
                if not reference and job not in succeeded:
                    given_up.add(job)
                continue
            if not reference:
                succeeded.add(job)
            facts = {
                "seed": seed,
                "elapsed_s": answer["elapsed_s"],
                "peak_mib": answer["peak_mib"],
                "features": versions(FEATURES.values()),
            }
            store.write(index, outputs, facts)
            emit({"job": job, "index": index})


def start_host(task: Task, spec: Spec) -> SubmissionHost:
    """Return the process for submissions, with the sets and limits of this shard."""
    settings = {
        "recipe": asdict(task.definition.recipe),
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
    return SubmissionHost(sandbox=SANDBOXES[spec["sandbox"]](), settings=settings, sets=sets)


class Prepared:
    """Knows which submission and original a host holds, and exchanges them where they change."""

    def __init__(self, host: SubmissionHost, pool: Pool, spec: Spec) -> None:
        self._host, self._pool, self._jobs = host, pool, spec["jobs"]
        self._originals = DESIGNS[spec["design"]].originals(spec["n_models"])
        self._job = self._original = -1

    def turn_to(self, job: int, index: int, reference: bool) -> None:
        """Let the next run be that of a submission, or a retraining among its runs."""
        if job != self._job:
            source = (Path(self._jobs[job]["root"]) / "submission.py").read_bytes()
            self._host.set_source(source, self._jobs[job]["shown_path"])
            self._job = job
        original = 0 if reference else self._originals[index]
        if original != self._original:
            self._host.set_original(self._pool.original_weights(original))
            self._original = original


def outputs_of(
    state: State, answer: dict[str, Any], net: nn.Module, evaluation: EvaluationData
) -> tuple[dict[str, np.ndarray] | None, dict[str, Any]]:
    """Return the outputs of a returned network and the answer; None and a fault for NaN."""
    net.load_state_dict(state)
    outputs = evaluate(net.eval(), evaluation)
    if np.isfinite(outputs["logits_forget"]).all():
        return outputs, answer
    return None, asdict(Fault("non_finite", "the network's outputs are not finite"))


def memory_per_worker_mib(n_workers: int) -> float:
    """Return the memory that each of `n_workers` runs may take of this machine's."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return MEMORY_SHARE * total / MIB / n_workers
