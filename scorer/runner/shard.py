"""Make a share of the runs of submissions: in their own process, evaluated and kept here."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from scorer.engines.base import Emit, Spec
from scorer.errors import ScorerError
from scorer.features import FEATURES
from scorer.features.base import versions
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.runner.designs import DESIGNS
from scorer.runner.faults import Fault
from scorer.runner.host import Kind, State, SubmissionHost
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.units import METERS, kept_units
from scorer.store import Arrays, claim
from scorer.tasks.task import Task
from scorer.training.arithmetic import retraining_multiply_adds
from scorer.training.recipe import seed_of

MEMORY_SHARE = 0.8
MIB = 2**20

SEED_ROLES: dict[Kind, str] = {"run": "unlearn", "audit": "audit", "reference": "reference"}
"""The role that the seed of a unit is drawn for, by kind."""


def run_shard(spec: Spec, emit: Emit) -> None:
    """Make the runs of one shard, commit what succeeds and emit what fails.

    Of a submission whose first run fails here no others are made: the file is at fault.
    """
    pool = Pool.from_spec(spec)
    roots = [Path(job["root"]) for job in spec["jobs"]]
    known = {root / kind: (job, kind) for job, root in enumerate(roots) for kind in SEED_ROLES}
    units = [(kept_units(roots[job], kind), index) for job, kind, index in spec["units"]]
    succeeded: set[int] = set()
    given_up: set[int] = set()
    with start_host(pool.task, spec) as host:
        worker = Worker(host, pool, spec)
        for ((store, index),) in claim(units, spec["start"], 1):
            job, kind = known[store.root]
            if job in given_up and kind != "reference":
                continue
            made = worker.make(job, kind, index)
            if isinstance(made, Fault):
                emit({"job": job, "kind": kind, "fault": asdict(made)})
                if kind == "run" and job not in succeeded:
                    given_up.add(job)
                continue
            if kind == "run":
                succeeded.add(job)
            store.write(index, *made)
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
        "reference_timeout_s": task.definition.timeout_s,
        "memory_mib": memory_per_worker_mib(spec["n_workers"]),
    }
    sets = {}
    for name in ("retain", "forget", "val"):
        sets[f"{name}_images"] = task.images(name)
        sets[f"{name}_labels"] = task.labels(name)
    return SubmissionHost(sandbox=SANDBOXES[spec["sandbox"]](), settings=settings, sets=sets)


class Worker:
    """Makes units with one host, which is told of a submission or original where they change."""

    def __init__(self, host: SubmissionHost, pool: Pool, spec: Spec) -> None:
        """Prepare; nothing is started.

        Args:
            host: the process for submissions.
            pool: holds the originals.
            spec: of the shard.
        """
        self._host, self._pool, self._jobs = host, pool, spec["jobs"]
        self._device = torch.device(pool.device)
        self._net = network(pool.task, self._device)
        self._evaluation = EvaluationData.of(pool.task, self._device)
        self._originals = DESIGNS[spec["design"]].originals(spec["n_models"])
        self._job = self._original = -1

    def make(self, job: int, kind: Kind, index: int) -> tuple[Arrays, dict[str, Any]] | Fault:
        """Return the arrays and the manifest of one unit, or what went wrong.

        Raises:
            ScorerError: the kit's own retraining failed.
        """
        self._turn_to(job, 0 if kind == "reference" else self._originals[index])
        seed = seed_of(self._pool.task.fingerprint, SEED_ROLES[kind], index, "run")
        state, answer = self._host.run(seed, kind)
        if state is not None and kind == "run":
            outputs, answer = outputs_of(state, answer, self._net, self._evaluation)
        else:
            outputs = None if state is None else {}
        if outputs is None:
            fault = Fault(answer["fault"], answer["message"], answer.get("trace", ""), index)
            if kind == "reference":
                raise ScorerError(f"a retraining to time runs against failed: {fault.describe()}")
            if kind == "audit":
                fault = replace(fault, message=f"in the audited run: {fault.message}")
            return fault
        facts = {name: answer[name] for name in ("elapsed_s", "cpu_s", "peak_mib")}
        return outputs, {**facts, **self._more(kind, answer), "seed": seed, "meters": METERS}

    def _turn_to(self, job: int, original: int) -> None:
        """Let the next run be that of a submission, from an original."""
        if job != self._job:
            source = (Path(self._jobs[job]["root"]) / "submission.py").read_bytes()
            self._host.set_source(source, self._jobs[job]["shown_path"])
            self._job = job
        if original != self._original:
            self._host.set_original(self._pool.original_weights(original))
            self._original = original

    def _more(self, kind: Kind, answer: dict[str, Any]) -> dict[str, Any]:
        """Return what the manifest of one kind holds besides what all do."""
        if kind == "run":
            return {"features": versions(FEATURES.values())}
        if kind == "reference":
            return {}
        task = self._pool.task
        data = task.training_set("retain", self._device)
        whole = retraining_multiply_adds(data, task.definition.recipe)
        return {"multiply_adds": answer["multiply_adds"], "reference_multiply_adds": whole}


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
