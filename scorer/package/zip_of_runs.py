"""Package the N models that a method makes: state dicts in a zip, as the challenge took them."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load as load_tensors

from scorer.checkpoints.layout import checkpoint_name
from scorer.engines.base import Progress
from scorer.errors import ScorerError
from scorer.files import disk_errors, temporary_folder, zip_member
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.place import RUNS
from scorer.runner.designs import DESIGNS
from scorer.runner.faults import Fault
from scorer.runner.folders import RunsFolder, open_runs
from scorer.runner.load import Submission
from scorer.runner.run import run_submissions
from scorer.runner.tiers import resolve
from scorer.store import WEIGHTS, DamagedEntry

KEPT = "with-weights"
"""Folder of runs whose weights are kept; `score` keeps outputs alone, in folders beside it."""


@dataclass(frozen=True)
class RunsMade:
    """N runs of a method with their weights.

    Attributes:
        folder: where they are kept.
        n_models: N.
        faults: of those that failed.
        runs_secret: that their seeds come from.
    """

    folder: RunsFolder
    n_models: int
    faults: list[Fault]
    runs_secret: str | None

    def write(self, path: Path) -> Path:
        """Write the zip of all N under a temporary name, then rename it.

        Raises:
            ScorerError: the weights of a run are not there, or a run failed.
            DiskError: the disk is full or not writable; nothing remains of the zip.
        """
        if self.faults:
            raise ScorerError(f"{path} must hold {self.n_models} models, and a run failed")
        store = self.folder.store("run")
        with disk_errors(path.parent), temporary_folder(path.parent, "zip") as aside:
            made = aside / path.name
            # Stored as they are: weights hardly shrink.
            with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as opened:
                for index in range(self.n_models):
                    try:
                        weights = store.content(index, WEIGHTS)
                    except DamagedEntry as error:
                        raise ScorerError(f"{error}; the same command makes it again") from error
                    buffer = io.BytesIO()
                    torch.save(load_tensors(weights), buffer)
                    member = zip_member(checkpoint_name(index), zipfile.ZIP_STORED)
                    opened.writestr(member, buffer.getvalue())
            made.replace(path)
        return path


def make_runs(submission: Submission, options: Options, progress: Progress) -> RunsMade:
    """Make the N runs of a method, or what is missing of them, and keep their weights.

    Args:
        submission: any file that can be scored.
        options: everything that a user may choose.
        progress: called with (what, done, total).

    Raises:
        ScorerError: the kit failed, not the method; what is finished is kept.
    """
    originals = DESIGNS[options.design].originals(options.n_models)
    pool, engine = open_pool(options, progress)
    pool.ensure({"original": len(set(originals))}, engine, progress)
    place = pool.root / RUNS / KEPT
    (results,) = run_submissions(
        [submission], pool, options, engine, progress, place, keeps_weights=True
    )
    resolved = dataclasses.replace(options, sandbox=resolve(options.sandbox, pool.device))
    folder = open_runs(place, submission, pool, resolved)
    return RunsMade(folder, options.n_models, results.faults, results.secret)
