"""A few oracles and runs of a record made again, by its own secrets, in a place of their own."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scorer.engines.base import Engine, Progress
from scorer.files import delete
from scorer.machine import machine
from scorer.metric.same_law import same_law_p_value
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.results.check import CANNOT_TELL, FAILS, HOLDS, Check
from scorer.results.record import Record
from scorer.results.tables import p_equation
from scorer.runner.designs import DESIGNS
from scorer.runner.faults import Fault
from scorer.runner.folders import open_runs
from scorer.runner.load import Submission
from scorer.runner.run import make_units
from scorer.scenarios import make_scenario
from scorer.tasks.task import Task
from scorer.temporary import new_folder
from scorer.training.paths import TrainingPath, engine_id

SIGNIFICANCE = 0.01
"""Models that are of the stored ones' law are called others at most so often."""


@dataclass(frozen=True)
class Again:
    """What was made again.

    Attributes:
        checks: whether it is what the record holds.
        unlearned_test: `(n_runs, n_test)` confidences on the test set of the runs made again; None
            where none were or one failed.
    """

    checks: list[Check]
    unlearned_test: np.ndarray | None = None


def make_again(
    record: Record,
    arrays: Mapping[str, np.ndarray],
    submission: Submission | str,
    task: Task,
    options: Options,
    n_again: int,
    engine: Engine,
    progress: Progress,
) -> Again:
    """Make some oracles and runs again and hold their confidences against the stored ones.

    Which ones is drawn anew each time, so that nobody can prepare for it; run 0 is always among
    them, since it goes before all others. They are made by the record's secrets, in a temporary
    folder: no cache is read, so nothing that lies in one can make a record hold.

    Args:
        record: of a score.
        arrays: beside it.
        submission: the file that was scored, or why it cannot be run again.
        task: the record's.
        options: those of the record, with the folders and the engine of this machine.
        n_again: of oracles and of runs each, at most N.
        engine: where shards run.
        progress: called with (what, done, total).

    Raises:
        ScorerError: a model cannot be made here.
    """
    device = options.torch_device
    path = TrainingPath(**record.provenance["path"])
    folder = new_folder()
    try:
        pool = Pool(task, path, device, folder, str(record.pool_secret))
        chosen = sorted(random.SystemRandom().sample(range(record.n_models), n_again))
        runs = sorted({0, *chosen[1:]}) if isinstance(submission, Submission) else []
        originals = DESIGNS[record.design].originals(record.n_models)
        units = [("oracle", index) for index in chosen]
        units += [("original", index) for index in sorted({originals[run] for run in runs})]
        pool.train(units, engine, progress)
        is_same_machine = _is_same_machine(record, path, device)
        stored = pool.store("oracle")
        made = np.stack([stored.read(index)["confidence_forget"] for index in chosen])
        bank = arrays["oracle_confidence"]
        checks = [compare("oracles made again", made, bank, chosen, is_same=is_same_machine)]
        if not isinstance(submission, Submission):
            return Again([*checks, Check("runs made again", CANNOT_TELL, submission)])
        (request,) = make_scenario(options.scenario).requests(task)
        runs_folder = open_runs(folder / "runs", submission, pool, options, request)
        make_units(
            [(0, "run", index) for index in runs],
            "unlearn", [submission], [runs_folder], pool, options, request, engine, progress,
        )  # fmt: skip
        store = runs_folder.store("run")
        fault = next(filter(None, (Fault.of_manifest(store.manifest(i)) for i in runs)), None)
        if fault is not None:
            return Again([*checks, Check("runs made again", FAILS, fault.describe())])
        outcomes = [store.read(index) for index in runs]
        made = np.stack([one["confidence_forget"] for one in outcomes])
        bank = arrays["unlearned_confidence"]
        checks.append(compare("runs made again", made, bank, runs, is_same=is_same_machine))
        return Again(checks, np.stack([one["confidence_test"] for one in outcomes]))
    finally:
        delete(folder)


def compare(
    name: str, made: np.ndarray, bank: np.ndarray, indices: Sequence[int], *, is_same: bool
) -> Check:
    """Return whether models made again are the stored ones: by bytes, or else by their law.

    Args:
        name: of the check.
        made: float32 `(n_again, n_examples)` confidences.
        bank: float64 `(n_models, n_examples)` the stored ones.
        indices: which of these were made again.
        is_same: whether the machine is of the kind that the record was made on, a CPU, so that
            bytes have to agree.
    """
    kept = bank[list(indices)]
    which = f"{len(indices)} ({', '.join(map(str, indices))})"
    equal = (made.astype(np.float64) == kept).all(axis=1)
    if equal.all():
        return Check(name, HOLDS, f"all {which} have the same bytes")
    n_others = int((~equal).sum())
    if is_same:
        return Check(name, FAILS, f"{n_others} of {which} have other bytes")
    p = same_law_p_value(made, bank)
    where = f"{n_others} of {which} have other bytes, as on a GPU or another kind of processor"
    if p <= SIGNIFICANCE:
        return Check(name, FAILS, f"{where}, and are of another law: {p_equation(p)}")
    return Check(
        name, HOLDS, f"{where}, and agree with the law of the stored ones: {p_equation(p)}"
    )


def _is_same_machine(record: Record, path: TrainingPath, device: str) -> bool:
    """Tell whether bytes have to agree: a CPU of the same kind, with the same torch."""
    then, now = record.provenance.get("environment"), machine(device)
    is_same = isinstance(then, dict) and all(
        then.get(name) == now[name] for name in ("device_name", "torch")
    )
    return device == "cpu" and is_same and record.engine_id == engine_id(path, device)
