"""Where the time of one `score` goes when the pool is warm, against a fresh process a run."""

from __future__ import annotations

import runpy
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scorer import pipeline
from scorer.bench._timing import Candidate, Clock, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.engines import Engine, make_engine
from scorer.engines.base import Emit, Progress, Spec, no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.runner.contract import make_loader, seed_everything
from scorer.runner.load import find_submission
from scorer.training.models import build_model

N_MODELS = 64
N_WORKERS = 2
METHOD = "finetune"
TASK = "digits"

STAGES = {
    "prepare": "load the task, read and verify the oracles",
    "runs": "the runs",
    "metric": "the metric with its errors and tests",
    "run": "one run, in unlearning() alone",
    "retraining": "one timed retraining",
}

Score = Callable[[Sequence[str], Options, Progress], Sequence[pipeline.Scored]]


def measure(
    settings: Settings,
    *,
    task: str = TASK,
    n_models: int = N_MODELS,
    n_workers: int = N_WORKERS,
    score: Score = pipeline.score,
    engine: Engine | None = None,
    clock: Clock = time.perf_counter,
) -> Report:
    """Time the stages of a score, in turns with runs in interpreters of their own.

    All is kept in a folder that is thrown away: the score that warms up trains the oracles there.

    Args:
        settings: how many rounds, and where data lie.
        task: scored on.
        n_models: N.
        n_workers: processes, on both sides.
        score: the way from a method to a record.
        engine: starts fresh interpreters; None for the local one.
        clock: of the wall.
    """
    engine = engine or make_engine("local", n_workers)
    source, seeds = find_submission(METHOD).source, count()
    stages: list[tuple[float, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        spec = {"folder": folder, "data_dir": str(settings.data_dir), "task": task}
        options = _options(spec, n_models=n_models, workers=n_workers)
        submission = Path(folder, f"{METHOD}.py")

        def warm(_: int) -> None:
            # What ran before is not run again, so each score is of a file of its own.
            submission.write_bytes(source + f"\n# score {len(stages)}\n".encode())
            stages.append(_stages(score, str(submission), options, clock))

        def fresh(n_units: int) -> None:
            for _ in range(n_units):
                specs = [{**spec, "seed": seed} for seed in islice(seeds, n_workers)]
                engine.run("scorer.bench.score:fresh_run", specs, lambda _: None)

        candidates = {"warm": Candidate(warm), "fresh": Candidate(fresh, n_workers)}
        turns = alternate(candidates, settings.rounds, clock=clock, on_round=settings.on_round)
    report = BENCH.report(settings)
    report.values |= {"task": task, "n_models": n_models, "n_workers": n_workers}
    for number, (name, what) in enumerate(STAGES.items()):
        report.add(what, "s", [each[number] for each in stages[1:]], f"{name}_s")
    report.add("all of it", "s", turns["warm"].seconds, "total_s")
    fresh_s = n_models * turns["fresh"].costs
    report.add(f"{n_models} runs in fresh interpreters", "s", fresh_s, "fresh_runs_s")
    faster = fresh_s / [runs_s for _, runs_s, *_ in stages[1:]]
    title = "the runs over fresh interpreters"
    report.add(title, "times faster", faster, "ratio_vs_fresh_processes")
    report.notes += [
        f"{METHOD} on {task}, N={n_models}, {n_workers} worker processes, the oracles trained"
        " before",
        "the runs include starting the workers, the timed retrainings, checking and evaluating"
        " what comes back, and writing it",
        f"fresh interpreters: {n_workers} runs at a time are timed, each with its own import of"
        f" torch, without sandbox, checks or retrainings, and extrapolated to {n_models}",
    ]
    return report


def _options(spec: Spec, **changes: Any) -> Options:
    """Return the options of a score whose files all lie in one folder."""
    folder = Path(spec["folder"])
    return Options(
        cache_dir=folder / "cache",
        data_dir=Path(spec["data_dir"]),
        results_dir=folder,
        task=spec["task"],
        device="cpu",
        **changes,
    )


def _stages(score: Score, method: str, options: Options, clock: Clock) -> tuple[float, ...]:
    """Score a method and return seconds as in `STAGES`: a stage begins with its progress.

    Raises:
        ScorerError: a run failed.
    """
    began: dict[str, float] = {}

    def note(what: str, done: int, total: int) -> None:
        began.setdefault(what, clock())

    start = clock()
    (scored,) = score([method], options, note)
    end = clock()
    record = scored.record
    if record.faults or record.elapsed_s is None or record.retraining_s is None:
        raise ScorerError(f"runs of {METHOD} failed: {record.faults}")
    moments = np.array([start, began["unlearn"], began["score"], end])
    return *np.diff(moments), record.elapsed_s, record.retraining_s


def fresh_run(spec: Spec, emit: Emit) -> None:
    """Do what a script that makes one run amounts to: read, unlearn, evaluate, write.

    Args:
        spec: `folder`, `data_dir`, `task` and `seed`.
        emit: not called.
    """
    pool, _ = open_pool(_options(spec), no_progress)
    task, folder = pool.task, Path(spec["folder"])
    architecture = task.definition.recipe.architecture
    net = build_model(architecture, task.n_channels, task.n_classes, seed=0)
    net.load_state_dict(pool.original_weights(0))
    unlearning = runpy.run_path(str(folder / f"{METHOD}.py"))["unlearning"]
    seed_everything(spec["seed"])
    loaders = [make_loader(task.images(s), task.labels(s)) for s in ("retain", "forget", "val")]
    returned = unlearning(net.eval(), *loaders)
    net = net if returned is None else returned
    outputs = evaluate(net.eval(), EvaluationData.of(task, torch.device("cpu")))
    np.savez(folder / f"run-{spec['seed']}.npz", **outputs)  # type: ignore[arg-type]


BENCH = Bench("score", "stages of a score with a warm pool, against a fresh process a run", measure)
