"""From a method's name to a record: task, oracles, N runs, score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from scorer.engines import Engine, make_engine
from scorer.engines.base import Progress
from scorer.errors import UsageError, unknown_name
from scorer.measures import Evidence, Measured, RunTimes, measure
from scorer.metric.rules import Rule, make_rule
from scorer.oracles.pool import Pool
from scorer.results.provenance import environment
from scorer.results.record import Record, new_record, save_record
from scorer.runner.load import REFERENCES, Submission, find_submission
from scorer.runner.run import DESIGNS, RunPlan, RunResults, run_submission
from scorer.runner.sandboxes import SANDBOXES
from scorer.tasks.load import load_task
from scorer.training.paths import choose_path


@dataclass(frozen=True)
class Options:
    """What a user may choose; the defaults are those of the command line.

    Attributes:
        n_models: N, at least 2.
        device: "auto", "cpu" or "cuda".
        workers: worker processes; None lets the engine decide.
        budget: share of a plain retraining that the mean run may take.
        timeout_s: of one run; None takes the task's.
    """

    cache_dir: Path
    data_dir: Path
    results_dir: Path
    task: str = "digits"
    split_seed: int = 0
    n_models: int = 64
    rule: str = "competition"
    device: str = "auto"
    workers: int | None = None
    engine: str = "local"
    sandbox: str = "process"
    design: str = "reuse-1"
    budget: float = 0.2
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        if self.n_models < 2:
            raise UsageError(f"--n-models must be at least 2, got {self.n_models}")
        if not self.budget > 0:
            raise UsageError(f"--budget must be positive, got {self.budget}")
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise UsageError(f"--timeout-s must be positive, got {self.timeout_s}")
        if self.split_seed < 0:
            raise UsageError(f"--split-seed must be at least 0, got {self.split_seed}")
        if self.design not in DESIGNS:
            raise unknown_name("design", self.design, DESIGNS)
        SANDBOXES[self.sandbox]


def resolve_device(name: str) -> str:
    """Return "cpu" or "cuda".

    Raises:
        UsageError: a GPU is asked for where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise unknown_name("device", name, ("auto", "cpu", "cuda"))
    has_cuda = torch.cuda.is_available()
    if name == "cuda" and not has_cuda:
        raise UsageError("--device cuda needs a CUDA device, found none; use --device cpu")
    return "cuda" if has_cuda and name != "cpu" else "cpu"


def open_pool(options: Options, progress: Progress) -> tuple[Pool, Engine]:
    """Return the pool of a task, and the engine to grow it with."""
    engine = make_engine(options.engine, options.workers)
    device = resolve_device(options.device)
    task = load_task(
        options.task,
        split_seed=options.split_seed,
        data_dir=options.data_dir,
        cache_dir=options.cache_dir,
        engine=engine,
        device=device,
        progress=progress,
    )
    data = task.training_set("retain", torch.device(device))
    path = choose_path(data, task.definition.recipe, options.cache_dir)
    return Pool(task, path, device, options.cache_dir), engine


def score_method(method: str | None, options: Options, progress: Progress) -> tuple[Record, Path]:
    """Score a method, keep the record, and return it with the path of its JSON.

    Raises:
        UsageError: unknown method, task, rule or engine.
        MissingData: the data set is not there.
    """
    rule = make_rule(options.rule)
    reference = method if method in REFERENCES else None
    submission = None if reference else find_submission(method)
    pool, engine = open_pool(options, progress)
    n = options.n_models
    wanted = {"original": n if options.design == "reuse-n" else 1, "oracle": n, "control": n}
    if reference == "retrain":
        wanted["retrain"] = n
    banks = pool.banks(wanted, engine, progress)
    original = banks["original"]
    floor = original if options.design == "reuse-n" else original.repeated(n)
    runs: RunResults | None = None
    if submission is None:
        banks["unlearned"] = banks["retrain"] if reference == "retrain" else floor
    else:
        plan = RunPlan(
            n_models=n,
            design=options.design,
            sandbox=options.sandbox,
            timeout_s=options.timeout_s or pool.task.definition.timeout_s,
        )
        runs = run_submission(submission, pool, plan, engine, progress)
        if runs.bank is not None:
            banks["unlearned"] = runs.bank
    progress("score", 0, 1)
    roles = {"unlearned", "oracle", "control"} & banks.keys()
    evidence = Evidence(
        banks={"floor": floor, **{role: banks[role] for role in roles}},
        stratum=pool.task.split.forget_stratum,
        rule=rule,
        budget=options.budget,
        times=RunTimes(runs.elapsed_s, runs.reference_s, runs.peak_mib) if runs else None,
    )
    measured = measure(evidence)
    progress("score", 1, 1)
    record = _record(reference, submission, pool, engine, options, rule, runs, measured)
    source = submission.source if submission else None
    return record, save_record(record, measured.arrays, source, options.results_dir)


def _record(
    reference: str | None,
    submission: Submission | None,
    pool: Pool,
    engine: Engine,
    options: Options,
    rule: Rule,
    runs: RunResults | None,
    measured: Measured,
) -> Record:
    """Join what was measured and provenance."""
    return new_record(
        measured=measured,
        method=submission.name if submission else str(reference),
        method_path=submission.shown_path if submission else "",
        method_sha256=submission.sha256 if submission else "",
        task=pool.task.name,
        split_seed=pool.task.split_seed,
        fingerprint=pool.task.fingerprint,
        engine_id=pool.engine_id,
        n_models=options.n_models,
        rule=rule.name,
        delta=rule.delta,
        design=options.design,
        sandbox=options.sandbox if submission else "none",
        budget=options.budget,
        faults=[fault.as_dict() for fault in runs.faults] if runs else [],
        provenance={
            "environment": environment(pool.device),
            "task": pool.task.describe(),
            "path": pool.path.as_dict(),
            "engine": options.engine,
            "n_workers": engine.n_workers,
            "seeds": runs.seeds if runs else [],
        },
    )
