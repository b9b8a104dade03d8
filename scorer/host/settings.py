"""What the two programs of a bundle are told, beside the data of their phase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from scorer.errors import ScorerError
from scorer.options import Options
from scorer.temporary import new_folder

T = TypeVar("T", bound=msgspec.Struct)

FILE = "settings.json"
PHASE_FILE = "phase.json"

MOST_SOURCE_BYTES = 64 * 2**10
"""Of a submission: several times the longest baseline, and too little to bring trained models."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How every submission is run and scored; it lies in both programs, which nobody may see.

    Attributes:
        n_models: N.
        rule: a name in `scorer.metric.rules.RULES`.
        design: a name in `scorer.runner.designs.DESIGNS`.
        budget: share of a retraining that a run may take.
        timeout_s: of one run; None takes the task's.
        sandbox: one of `scorer.runner.tiers.CHOICES`, looked up where the program runs.
        device: "cpu" or "cuda".
        runs_secret: of the seeds of all runs. One for all submissions, so that to hand a file in
            again is no second draw; it also seals what the runs leave, so that a submission cannot
            forge it.
        most_source_bytes: that a submission may have.
        kit: version of the kit that made the bundle.
    """

    n_models: Annotated[int, Meta(ge=2)]
    rule: str
    design: str
    budget: float
    timeout_s: float | None
    sandbox: str
    device: str
    runs_secret: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    most_source_bytes: int
    kit: str

    def options(self) -> Options:
        """Return the options of the kit, with a cache of this process's own.

        The task is not among them: its data come with the bundle.

        Raises:
            ScorerError: one of them does not fit this machine.
        """
        cache = new_folder()
        return Options(
            n_models=self.n_models,
            rule=self.rule,
            design=self.design,
            budget=self.budget,
            timeout_s=self.timeout_s,
            sandbox=self.sandbox,
            device=self.device,
            runs_secret=self.runs_secret,
            cache_dir=cache,
            results_dir=cache / "results",
            data_dir=cache / "data",
        )


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of the data of one phase, beside them.

    Attributes:
        task: name of the task.
        split_seed: of it.
        fingerprint: of the task whose oracles there are, test set included.
        engine_id: how the oracles were trained.
        path: fields of the training path.
        is_hidden: whether participants may not learn the split, so that nobody prepares for it.
    """

    task: str
    split_seed: int
    fingerprint: str
    engine_id: str
    path: dict[str, Any]
    is_hidden: bool


def write_json(values: msgspec.Struct, path: Path) -> None:
    """Write settings for `read_json`."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(values)) + b"\n")


def read_settings(folder: Path) -> Settings:
    """Return the settings that lie in a program's folder.

    Raises:
        ScorerError: they are not there or not as they were written.
    """
    return _read(folder / FILE, Settings)


def read_phase(folder: Path) -> Phase:
    """Return what is told of a phase beside its data.

    Raises:
        ScorerError: it is not there or not as it was written.
    """
    return _read(folder / PHASE_FILE, Phase)


def _read(path: Path, kind: type[T]) -> T:
    """Return the struct that a file holds."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise ScorerError(f"{path} must be as `host` wrote it, got: {error}") from error
