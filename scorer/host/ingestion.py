"""The first program of a bundle: run what was handed in N times, and keep what became of it.

It sees the program's settings and what a submission may see; no test set, no oracle.
"""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from safetensors.torch import save as to_bytes

from scorer.engines import make_engine
from scorer.engines.base import Progress
from scorer.features import kept_features
from scorer.features.base import versions
from scorer.host import outcome
from scorer.host.data import ORIGINALS, read_task
from scorer.host.handed_in import read_handed_in
from scorer.host.settings import read_phase, read_settings
from scorer.oracles.pool import Pool
from scorer.results.provenance import environment
from scorer.runner.faults import Fault
from scorer.runner.folders import open_runs
from scorer.runner.run import run_submissions
from scorer.runner.tiers import resolve, said
from scorer.secret import draw_secret
from scorer.training.paths import TrainingPath

logger = logging.getLogger("scorer")


def ingest(
    input_data: Path, output: Path, program: Path, handed_in: Path, progress: Progress
) -> Fault | None:
    """Run the submission in a folder N times.

    Args:
        input_data: of the phase, as `scorer.host.data` writes it.
        output: folder between the programs.
        program: folder of the settings.
        handed_in: the unpacked zip.
        progress: called with (what, done, total).

    Returns:
        What is wrong with the zip or with the first run that failed; None where all ended well.

    Raises:
        ScorerError: the kit or the machine failed.
    """
    settings, phase = read_settings(program), read_phase(input_data)
    found = read_handed_in(handed_in, settings.most_source_bytes)
    about: dict[str, Any] = {"environment": environment(settings.device)}
    if isinstance(found, Fault):
        outcome.keep(output, settings.runs_secret, found, None, about)
        return found
    options = settings.options()
    pool = _pool(input_data, phase.path, settings.device, options.cache_dir)
    logger.info("sandbox: %s", said(options.sandbox, pool.device))
    options = dataclasses.replace(options, sandbox=resolve(options.sandbox, pool.device))
    engine = make_engine(options.engine, options.workers)
    runs_dir = options.cache_dir / "runs"
    (results,) = run_submissions(
        [found], pool, options, engine, progress, runs_dir, keeps_weights=True
    )
    about |= {"sandbox": options.sandbox, "n_workers": engine.n_workers}
    folder = open_runs(runs_dir, found, pool, options)
    outcome.keep(output, settings.runs_secret, found, folder, about)
    return results.faults[0] if results.faults else None


def _pool(input_data: Path, path: dict[str, Any], device: str, cache_dir: Path) -> Pool:
    """Return a pool that holds the originals of a phase and nothing else."""
    pool = Pool(read_task(input_data), TrainingPath(**path), device, cache_dir, draw_secret())
    pool.to_spec()
    store = pool.store("original")
    for index, file in enumerate(sorted((input_data / ORIGINALS).glob("*.safetensors"))):
        store.write(index, {}, {"features": versions(kept_features())}, to_bytes(load_file(file)))
    return pool
