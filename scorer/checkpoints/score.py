"""Score unlearned models that somebody made elsewhere, as a zip of checkpoints."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np

from scorer.checkpoints.evaluation import evaluated
from scorer.checkpoints.layout import checkpoints_in
from scorer.engines.base import Progress
from scorer.errors import UsageError
from scorer.lines import Side, is_walked, walked
from scorer.measures import measure
from scorer.measures.base import Measured
from scorer.measures.costs import BY_THE_KIT
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.outputs import Bank
from scorer.pipeline import Scored, gather, make_record, provenance
from scorer.runner.adapt import Code
from scorer.runner.designs import DESIGNS
from scorer.runner.faults import Fault
from scorer.runner.load import Submission, name_problem
from scorer.runner.run import RunResults
from scorer.runner.tiers import resolve
from scorer.scenarios import STANDARD
from scorer.steps import only_step

NOT_METERED = "made elsewhere, nothing was metered"


def score_checkpoints(path: Path, options: Options, progress: Progress) -> Scored:
    """Score a zip of N checkpoints in the layout of the 2023 challenge.

    They are taken to come from the originals of the pool, by the design that the options name: run
    i from original i modulo their number. What they cost is not known.

    Args:
        path: of the zip.
        options: everything that a user may choose.
        progress: called with (what, done, total).

    Raises:
        UsageError: it is no zip of exactly N checkpoints, or its name cannot be shown.
    """
    if options.scenario != STANDARD:
        raise UsageError(
            f"--checkpoints were made at once of all that was given: leave --scenario out, got"
            f" {options.scenario}"
        )
    DESIGNS[options.design].originals(options.n_models)
    members = checkpoints_in(path, options.n_models)
    submission = _named(path)
    pool, engine = open_pool(options, progress)
    step = only_step([submission], pool, engine, options, progress)
    told = {
        "path": str(path.resolve()),
        "members": members,
        "sandbox": resolve(options.sandbox),
    }
    bank, faults = evaluated(told, submission.sha256, options.n_models, pool, engine, progress)
    runs = runs_of(bank, faults)
    evidence = dataclasses.replace(gather(submission, runs, step, options), costs=None)
    if is_walked(evidence):
        side = Side("checkpoints", submission.sha256, tuple(range(options.n_models)))
        evidence = walked(evidence, side, pool, engine, options, progress)
    measured = unmetered(measure(evidence))
    about = provenance(pool, engine, options)
    record = make_record(submission, runs, measured, evidence.banks, pool, options, about, [])
    return Scored(record, measured.arrays, None, {}, evidence.banks)


def runs_of(bank: Bank | None, faults: list[Fault]) -> RunResults:
    """Return models that nobody saw being made as if they were the results of runs."""
    nothing = np.empty(0)
    return RunResults(
        bank=bank,
        elapsed_s=nothing,
        cpu_s=nothing,
        reference_s=nothing,
        reference_cpu_s=nothing,
        peak_mib=0.0,
        multiply_adds=None,
        reference_multiply_adds=None,
        seeds=[],
        secret=None,
        faults=faults,
    )


def unmetered(measured: Measured) -> Measured:
    """Return what was measured, with the reason why there are no costs."""
    missing = {
        path: NOT_METERED if reason == BY_THE_KIT else reason
        for path, reason in measured.missing.items()
    }
    return dataclasses.replace(measured, missing=missing)


def _named(path: Path) -> Submission:
    """Return the zip as what is scored, under the name that it has.

    Raises:
        UsageError: it cannot be read, or its name cannot stand on a board.
    """
    problem = name_problem(path.stem)
    if problem:
        raise UsageError(f"{path.name!r} {problem}; rename the file")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    return Submission(name=path.stem, path=path.resolve(), code=Code({}), sha256=digest)
