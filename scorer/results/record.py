"""One score as it is kept: a JSON of numbers with their provenance, and an NPZ to rescore from."""

from __future__ import annotations

import datetime
import json
import platform
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from scorer.errors import ScorerError
from scorer.machine import machine
from scorer.settings import PROJECT_ROOT

SCHEMA_VERSION = 1

IDENTITY = ("task", "fingerprint", "engine_id", "n_models", "rule", "delta", "design")
"""Two scores whose values differ in any of these are never ranked together."""


@dataclass(frozen=True)
class Record:
    """A score, or the faults that there was none for.

    Scores are None where a run failed. `_se` is the standard error over models, by bootstrap.

    Attributes:
        method: name; `method_path` and `method_sha256` say which file.
        task: name; `split_seed`, `fingerprint` and `engine_id` say which models it was held
            against.
        n_models: N, both of unlearned models and of oracles.
        rule: how epsilon becomes points; `delta` belongs to it.
        design: "reuse-1" or "reuse-n".
        forgetting_quality: F in [0, 1]; compare with `ceiling`, never with 1.
        ceiling: F of the control bank, that is of perfect unlearning, at the same N.
        floor: F of the original model, untouched.
        final_score: F x retain accuracy ratio x test accuracy ratio.
        relative_score: final score over the ceiling's.
        permutation_p_value: of no difference from the oracles, models permuted.
        accuracy: mean over models, by set, of the unlearned models; `oracle_accuracy` likewise.
        strata: F and ceiling of each stratum of the forget set.
        diagnosis: errors of mean and log spread in oracle standard deviations.
        klom: KL divergence of binned margins by set, 95th percentile over examples.
        certified: lower bounds on epsilon that hold with 95 % confidence.
        time_ratio: mean time of a run over that of a plain retraining; None for reference rows.
        within_budget: whether `time_ratio` is at most `budget`.
        faults: of failed runs; none of them is dropped from N.
    """

    method: str
    method_path: str
    method_sha256: str
    task: str
    split_seed: int
    fingerprint: str
    engine_id: str
    n_models: int
    rule: str
    delta: float
    design: str
    sandbox: str
    forgetting_quality: float | None
    forgetting_quality_se: float | None
    ceiling: float | None
    ceiling_se: float | None
    floor: float | None
    final_score: float | None
    final_score_se: float | None
    ceiling_final_score: float | None
    ceiling_final_score_se: float | None
    floor_final_score: float | None
    relative_score: float | None
    relative_score_se: float | None
    permutation_p_value: float | None
    accuracy: dict[str, float]
    oracle_accuracy: dict[str, float]
    control_accuracy: dict[str, float]
    original_accuracy: dict[str, float]
    strata: dict[str, dict[str, float]]
    diagnosis: dict[str, float | None]
    klom: dict[str, float]
    certified: dict[str, float]
    time_ratio: float | None
    time_ratio_se: float | None
    within_budget: bool | None
    budget: float
    elapsed_s: float | None
    retraining_s: float | None
    peak_mib: float | None
    faults: list[dict[str, Any]]
    provenance: dict[str, Any]
    run_id: str
    created_at: str
    schema_version: int = SCHEMA_VERSION

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values, with the accuracies that tables show under their own names too."""
        values = asdict(self)
        values["retain_accuracy"] = self.accuracy.get("retain")
        values["test_accuracy"] = self.accuracy.get("test")
        values["forget_accuracy"] = self.accuracy.get("forget")
        return values

    @property
    def identity(self) -> dict[str, Any]:
        """Return what has to be equal for two scores to be comparable."""
        return {name: getattr(self, name) for name in IDENTITY}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: Path) -> Record:
        """Return a record from JSON values.

        Raises:
            ScorerError: another schema, or a field is missing.
        """
        if values.get("schema_version") != SCHEMA_VERSION:
            raise ScorerError(
                f"{where} must have schema_version {SCHEMA_VERSION}, got"
                f" {values.get('schema_version')!r}; score the method again or delete the file"
            )
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in values]
        if missing:
            raise ScorerError(f"{where} must have the fields {missing}; score the method again")
        return cls(**{name: values[name] for name in names})


def new_run_id(now: datetime.datetime) -> str:
    """Return a name that sorts by time and does not collide."""
    return f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def save_record(
    record: Record, arrays: Mapping[str, np.ndarray], source: bytes | None, results_dir: Path
) -> Path:
    """Write JSON, NPZ and a copy of the submission; return the JSON's path.

    The JSON comes last and by renaming, so that a record on disk is a whole one.
    """
    folder = results_dir / record.task / record.method
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / record.run_id
    np.savez_compressed(base.with_suffix(".npz"), **dict(arrays))  # type: ignore[arg-type]
    if source is not None:
        base.with_suffix(".py").write_bytes(source)
    text = json.dumps(record.as_dict(), indent=1, allow_nan=False)
    temporary = folder / f".tmp-{record.run_id}"
    temporary.write_text(text + "\n")
    temporary.replace(base.with_suffix(".json"))
    return base.with_suffix(".json")


def read_record(path: Path) -> Record:
    """Return the record in a JSON file.

    Raises:
        ScorerError: not a record of this schema.
    """
    try:
        values = json.loads(path.read_text())
    except ValueError as error:
        raise ScorerError(f"{path} is not JSON: {error}") from error
    return Record.from_dict(values, path)


def read_records(results_dir: Path, task: str | None = None) -> Iterator[Record]:
    """Yield every record below a folder, oldest first within a method."""
    for path in sorted(results_dir.glob(f"{task or '*'}/*/*.json")):
        yield read_record(path)


def read_arrays(record: Record, results_dir: Path) -> dict[str, np.ndarray]:
    """Return the arrays that were saved with a record."""
    path = results_dir / record.task / record.method / f"{record.run_id}.npz"
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def environment(device: str) -> dict[str, Any]:
    """Return machine, versions and state of the code, for provenance.

    Args:
        device: "cpu" or "cuda", where models were trained and unlearned.
    """
    import scipy
    import torch

    return {
        **machine(device),
        "scipy": scipy.__version__,
        "platform": platform.platform(),
        "cuda": torch.version.cuda if device != "cpu" else None,
        "commit": _git("rev-parse", "HEAD"),
        "modified": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def _git(*arguments: str) -> str | None:
    """Return the output of a git command in the project, None where there is no repository."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
