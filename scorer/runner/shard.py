"""Make a share of the runs of submissions: in their own process, evaluated and kept here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as save_tensors
from torch import nn

from scorer.engines.base import Emit, Spec, is_on_gpu
from scorer.errors import ScorerError
from scorer.features import kept_features
from scorer.features.base import versions
from scorer.features.weights import keeps_weights
from scorer.limits import memory_bytes
from scorer.oracles.outputs import EvaluationData, NotFinite, evaluate, extra_of
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.runner.adapt import Code
from scorer.runner.designs import DESIGNS
from scorer.runner.faults import Fault
from scorer.runner.folders import RunsFolder, models_of
from scorer.runner.host import Kind, State, SubmissionHost
from scorer.runner.messages import FIGURES
from scorer.runner.requests import Given, retain_set
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.units import METERS, first_run_failed
from scorer.store import Arrays, claim
from scorer.tasks.task import Task
from scorer.training.arithmetic import retraining_multiply_adds
from scorer.training.memory import Needs, run_share
from scorer.training.recipe import seed_of

MEMORY_SHARE = 0.8
MIB = 2**20

SEED_ROLES: dict[Kind, str] = {"run": "unlearn", "audit": "audit", "reference": "reference"}
"""The role that the seed of a unit is drawn for, by kind."""


def run_shard(spec: Spec, emit: Emit) -> None:
    """Make the runs of one shard and commit every outcome, a fault like a success.

    Run 0 of a submission goes before all that is made of it, whichever worker makes it: where it
    failed nothing else is made. Where it did not, every run is made, whatever others came to. So
    outcomes depend on no number of workers.

    Raises:
        ScorerError: the kit's own retraining failed, or an outcome cannot be kept.
    """
    pool, given = Pool.from_spec(spec), Given.from_spec(spec["request"])
    models = models_of(pool)
    told = models, given.part, pool.extra
    folders = [RunsFolder.read(Path(job["root"]), *told) for job in spec["jobs"]]
    stores = [{kind: folder.store(kind) for kind in SEED_ROLES} for folder in folders]
    known = {
        store.root: (job, kind) for job, own in enumerate(stores) for kind, store in own.items()
    }
    units = [(stores[job][kind], index) for job, kind, index in spec["units"]]
    first_runs = [own["run"] for own in stores]
    with start_host(pool.task, given, spec) as host:
        worker = Worker(host, pool, given, spec, folders)

        def commit(job: int, kind: Kind, index: int) -> None:
            stores[job][kind].write(index, *worker.make(job, kind, index))
            emit({"job": job, "kind": kind, "index": index})

        @cache
        def is_given_up(job: int) -> bool:
            # Waits where another worker makes it, and takes over where that one dies.
            for _ in claim([(first_runs[job], 0)], 0, 1):
                commit(job, "run", 0)
            return first_run_failed(first_runs[job])

        for ((store, index),) in claim(units, spec["start"], 1):
            job, kind = known[store.root]
            if kind == "reference":
                needless = all(map(first_run_failed, first_runs))
            else:
                needless = (kind, index) != ("run", 0) and is_given_up(job)
            if not needless:
                commit(job, kind, index)


def start_host(task: Task, given: Given, spec: Spec) -> SubmissionHost:
    """Return the process for submissions, with the sets and limits of this shard."""
    settings = {
        "recipe": asdict(task.definition.recipe),
        "n_channels": task.n_channels,
        "n_classes": task.n_classes,
        "device": spec["device"],
        "gpu_share": _gpu_share(spec),
        "timeout_s": spec["timeout_s"],
        "reference_timeout_s": task.definition.timeout_s,
        "memory_mib": memory_per_worker_mib(spec["n_workers"]),
    }
    return SubmissionHost(
        sandbox=SANDBOXES[spec["sandbox"]](),
        settings=settings,
        sets=given.sets(task),
        retraining_sets=retain_set(task),
    )


class Worker:
    """Makes units with one host, which is told of a submission or original where they change."""

    def __init__(
        self,
        host: SubmissionHost,
        pool: Pool,
        given: Given,
        spec: Spec,
        folders: Sequence[RunsFolder],
    ) -> None:
        """Prepare; nothing is started.

        Args:
            host: the process for submissions.
            pool: holds the originals, and the task that returned networks are evaluated on.
            given: the request.
            spec: of the shard.
            folders: of its submissions, in their order.
        """
        self._host, self._pool, self._jobs = host, pool, spec["jobs"]
        self._given, self._folders = given, folders
        self._device = torch.device(pool.device)
        self._net = network(pool.task, self._device)
        self._evaluation = EvaluationData.of(pool.task, self._device)
        self._originals = DESIGNS[spec["design"]].originals(spec["n_models"])
        self._job, self._start = -1, (-1, -1)

    def make(self, job: int, kind: Kind, index: int) -> tuple[Arrays, dict[str, Any], bytes | None]:
        """Return the arrays, the manifest and, where they are kept, the weights of one unit.

        Of a fault there are neither arrays nor weights, and the manifest holds it.

        Raises:
            ScorerError: the kit's own retraining failed.
        """
        self._turn_to(job, 0 if kind == "reference" else index)
        role = f"{SEED_ROLES[kind]}{self._given.part}"
        seed = seed_of(self._folders[job].secret, role, index, "run")
        state, answer = self._host.run(seed, kind)
        outputs: Arrays = {}
        extra = extra_of(self._folders[job].store(kind), index, self._pool.extra)
        if state is not None and kind == "run":
            seen_by = self._net, self._evaluation, extra
            outputs, answer = outputs_of(state, answer, *seen_by)
        facts = {name: answer[name] for name in FIGURES if name in answer}
        facts |= {"seed": seed, "meters": METERS}
        if answer["fault"] is None:
            is_kept = self._given.keeps_weights or keeps_weights(extra)
            is_kept = is_kept and state is not None and kind == "run"
            weights = save_tensors(dict(state or {})) if is_kept else None
            return outputs, {**facts, **self._more(kind, answer, extra)}, weights
        said = answer["fault"], answer["message"], answer.get("trace", "")
        if kind == "reference":
            raise ScorerError(
                "a retraining by the kit itself, to time runs against, failed; no submission is at"
                f" fault, and what is finished is kept: {said[0]}: {said[1]}\n{said[2]}".rstrip()
                + "\nfree the machine of other work, or use fewer --workers, and call it again"
            )
        return {}, {**facts, **Fault(*said, index, kind).as_facts()}, None

    def _turn_to(self, job: int, run: int) -> None:
        """Let the next run be that of a submission, from where a run of it starts."""
        if job != self._job:
            told = self._jobs[job]
            content = self._folders[job].source(told["source_sha256"])
            self._host.set_code(Code.of_bytes(content), told["shown_path"])
            self._job = job
        original = self._originals[run]
        # Whose runs, and which of them: originals are the same for all submissions.
        start = (-1, original) if self._given.before is None else (job, run)
        if start != self._start:
            weights = self._given.start(self._folders[job], run, self._pool, original)
            self._host.set_original(weights)
            self._start = start

    def _more(self, kind: Kind, answer: dict[str, Any], extra: Collection[str]) -> dict[str, Any]:
        """Return what the manifest of one kind holds besides what all do."""
        if kind == "run":
            taken = {"taken_off": answer["taken_off"]} if answer["taken_off"] else {}
            return {"features": versions(kept_features(extra)), **taken}
        if kind == "reference":
            return {}
        task = self._pool.task
        data = task.training_set("retain", self._device)
        whole = retraining_multiply_adds(data, task.definition.recipe)
        return {"multiply_adds": answer["multiply_adds"], "reference_multiply_adds": whole}


def outputs_of(
    state: State,
    answer: dict[str, Any],
    net: nn.Module,
    evaluation: EvaluationData,
    extra: Collection[str] = (),
) -> tuple[Arrays, dict[str, Any]]:
    """Return the outputs of a returned network and the answer; no outputs and a fault for NaN."""
    net.load_state_dict(state)
    try:
        return evaluate(net.eval(), evaluation, extra), answer
    except NotFinite as error:
        return {}, {**answer, "fault": "non_finite", "message": str(error)}


def memory_per_worker_mib(n_workers: int) -> float:
    """Return the memory that each of `n_workers` runs may take of this machine's."""
    return MEMORY_SHARE * memory_bytes() / MIB / n_workers


def _gpu_share(spec: Spec) -> float:
    """Return the part of a GPU's memory that a run of this shard may take; all of none."""
    if not is_on_gpu(spec):
        return 1.0
    total = torch.cuda.get_device_properties(spec["device"]).total_memory
    needs = Needs(**spec["needs"])
    return run_share(total, spec["available_bytes"], spec["n_sharing"], needs)
