"""A bundle run here as the platform's worker runs it: folders laid out, programs in processes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scorer.errors import ZIP_DAMAGE, ScorerError, UsageError
from scorer.files import delete, disk_errors
from scorer.host.lint import YAML, lint
from scorer.host.lint_phases import DEFAULT_LIMIT_S
from scorer.host.scoring import PAGE, SCORES
from scorer.temporary import new_folder

LAST_LINES = 20
FAULT = 3
"""Exit code of the scoring program where the submission is at fault."""


@dataclass(frozen=True)
class Tried:
    """What the platform would show.

    Attributes:
        scores: what `scores.json` holds.
        page: HTML of the detailed results.
        is_at_fault: whether the submission failed, so that nothing is ranked.
        log: last lines of both programs.
        elapsed_s: wall time of ingestion and scoring.
    """

    scores: dict[str, float]
    page: str
    is_at_fault: bool
    log: str
    elapsed_s: tuple[float, float]


def try_bundle(bundle: Path, submission: Path, phase: int) -> Tried:
    """Run a submission through both programs of a bundle, from a folder of its own.

    Args:
        bundle: folder of it.
        submission: a zip as a participant uploads it, or the folder that one is made of.
        phase: which phase, counted from 0.

    Raises:
        UsageError: the bundle is not sound, or there is no such phase or submission.
        ScorerError: a program failed, or took longer than the platform lets it.
    """
    problems = lint(bundle)
    if problems:
        raise UsageError(f"{bundle} must be a sound bundle, got: {problems[0]}")
    values = yaml.safe_load((bundle / YAML).read_text())
    phases = sorted(values["phases"], key=lambda each: each.get("index", 0))
    if not 0 <= phase < len(phases):
        raise UsageError(f"--phase must be from 0 to {len(phases) - 1}, got {phase}")
    chosen = phases[phase]
    task = next(each for each in values["tasks"] if each["index"] == chosen["tasks"][0])
    limit_s = chosen.get("execution_time_limit", DEFAULT_LIMIT_S)
    place = new_folder()
    try:
        handed_in = place / "submission"
        _unpack(submission, handed_in)
        _copy(bundle, task, place)
        ingested, first_s = _run(
            place / "ingestion_program",
            {
                "/app/program": place / "ingestion_program",
                "/app/ingested_program": handed_in,
                "/app/input_data": place / "input_data",
                "/app/output": place / "input" / "res",
            },
            limit_s,
        )
        scored, second_s = _run(
            place / "scoring_program",
            {
                "/app/program": place / "scoring_program",
                "/app/input": place / "input",
                "/app/output": place / "output",
            },
            limit_s,
        )
        log = f"{_last(ingested)}\n{_last(scored)}".strip()
        if ingested.returncode or scored.returncode not in (0, FAULT):
            raise ScorerError(f"a program of {bundle} failed:\n{log}")
        scores, page = place / "output" / SCORES, place / "output" / PAGE
        if not (scores.is_file() and page.is_file()):
            raise ScorerError(f"scoring must write {SCORES} and {PAGE}, got neither or one:\n{log}")
        return Tried(
            scores=json.loads(scores.read_text()),
            page=page.read_text(),
            is_at_fault=scored.returncode == FAULT,
            log=log,
            elapsed_s=(first_s, second_s),
        )
    finally:
        delete(place)


def _unpack(submission: Path, folder: Path) -> None:
    """Unpack what was handed in as the platform does."""
    if submission.is_dir():
        shutil.copytree(submission, folder)
        return
    try:
        with disk_errors(folder), zipfile.ZipFile(submission) as opened:
            opened.extractall(folder)
    except ZIP_DAMAGE as error:
        raise UsageError(f"{submission} must be a zip, as one uploads it, got: {error}") from error
    folder.mkdir(exist_ok=True)  # an empty zip makes none


def _copy(bundle: Path, task: Mapping[str, Any], place: Path) -> None:
    """Lay out data and programs as they are found in the containers."""
    for kind, where in (
        ("ingestion_program", "ingestion_program"),
        ("scoring_program", "scoring_program"),
        ("input_data", "input_data"),
        ("reference_data", "input/ref"),
    ):
        shutil.copytree(bundle / task[kind], place / where)
    (place / "input" / "res").mkdir()
    (place / "output").mkdir()


def _run(
    program: Path, mounts: Mapping[str, Path], limit_s: float
) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run the command of a program, paths in it replaced by those here, and time it."""
    command = str(yaml.safe_load((program / "metadata.yaml").read_text())["command"])
    # The longest first, since some names begin like others.
    for name in sorted(mounts, key=len, reverse=True):
        command = command.replace(name, shlex.quote(str(mounts[name])))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "HOME": str(program),
        "PYTHONUNBUFFERED": "1",
        "LANG": "C.UTF-8",
    }
    began = time.monotonic()
    try:
        done = subprocess.run(
            shlex.split(command),
            cwd=program,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise ScorerError(
            f"{Path(program).name} took longer than the {limit_s} s that the platform lets it;"
            " raise --time-limit-s or lower --n-models"
        ) from error
    return done, time.monotonic() - began


def _last(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last lines of a program's output."""
    lines = (done.stdout + done.stderr).strip().splitlines()
    return "\n".join(lines[-LAST_LINES:])
