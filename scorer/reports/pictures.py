"""The forget set that a score is about, as people see it: labels, subjects and images."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scorer.engines.base import Emit, Engine, Spec, no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.results.record import Record
from scorer.store import DamagedEntry
from scorer.tasks.forget.file import File
from scorer.tasks.load import load_task
from scorer.tasks.snapshot import read_snapshot, snapshot_path, snapshots_dir
from scorer.tasks.task import Task

LEAST_SIDE = 4
"""Pixels; what is smaller shows nobody anything."""

MOST_SIDE = 96
"""Pixels; what is larger is made smaller, since two dozen go into one page."""

CHANNELS = (1, 3)
"""Of images that a screen can show: grey, and red, green, blue."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """The forget set as people see it, in the order of the columns of a score's banks.

    Attributes:
        labels: int64 `(n_examples,)`.
        indices: int64 `(n_examples,)`, places in the data set.
        subjects: int64 `(n_examples,)` whom each is of; None where nobody knows.
        images: uint8 `(n_examples, channels, height, width)`; None where `problem` says why.
        problem: why there are no images worth showing; empty where there are.
    """

    labels: np.ndarray
    indices: np.ndarray
    subjects: np.ndarray | None
    images: np.ndarray | None
    problem: str = ""

    def source(self, example: int) -> str | None:
        """Return the image of an example as the `src` of an HTML image, None without images."""
        return None if self.images is None else data_uri(self.images[example])


class _Idle(Engine):
    """Refuses work: a page shows what is there and trains nothing for it."""

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        """Raise `ScorerError`."""
        raise ScorerError("models would have to be trained to tell the forget set")


def read_pictures(record: Record, data_dir: Path, cache_dir: Path, n_examples: int) -> Pictures:
    """Return the forget set that a score is about: from the cache, else from the data set.

    Args:
        record: of the score.
        data_dir: where data sets lie.
        cache_dir: where pools and copies of tasks lie.
        n_examples: of the forget set.

    Raises:
        ScorerError: neither has it under the fingerprint of the score; the message says what to do.
    """
    try:
        task = _find_task(record, data_dir, cache_dir)
    except (ScorerError, OSError, RuntimeError, ValueError, KeyError) as error:
        raise ScorerError(
            f"the examples of {record.task} cannot be read here: {error}; with its data in"
            f" {data_dir}, score there once more"
        ) from error
    found = task.fingerprint, len(task.split.forget)
    if found != (record.fingerprint, n_examples):
        raise ScorerError(
            f"{record.task} is another task by now than the one of this score (fingerprint"
            f" {found[0][:8]} in place of {record.fingerprint[:8]}), whose examples are not in"
            f" {cache_dir}"
        )
    return pictures_of(task)


def _find_task(record: Record, data_dir: Path, cache_dir: Path) -> Task:
    """Return the task from the copy in the cache, else made of the data set."""
    path = snapshot_path(snapshots_dir(cache_dir), record.fingerprint)
    if path.is_dir():
        with suppress(DamagedEntry):  # it is only a copy, and the fingerprint is held below
            return read_snapshot(path)
    if record.forget.startswith(f"{File.name}:"):
        raise ScorerError("the list of examples is not in the record, and its copy is not there")
    options = Options(
        task=record.task,
        forget=record.forget,
        split_seed=record.split_seed or 0,
        data_dir=data_dir,
        cache_dir=cache_dir,
    )
    return load_task(options, _Idle(1), no_progress)


def pictures_of(task: Task) -> Pictures:
    """Return the forget set of a task as people see it."""
    raw, indices = task.raw, task.indices("forget")
    subjects = None if raw.subjects is None else raw.subjects[indices]
    about = raw.labels[indices], indices, subjects
    _, channels, height, width = raw.images.shape
    if channels not in CHANNELS or min(height, width) < LEAST_SIDE:
        size = f"{channels} x {height} x {width}"
        return Pictures(*about, None, f"examples of {task.name} are no pictures: {size} values")
    scaled = raw.images[indices].astype(np.float64) * (255.0 / raw.value_range)
    return Pictures(*about, np.clip(scaled.round(), 0, 255).astype(np.uint8))


def data_uri(image: np.ndarray) -> str:
    """Return an image `(channels, height, width)` uint8 as the `src` of an HTML image."""
    from PIL import Image

    pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    shown = Image.fromarray(np.ascontiguousarray(pixels))
    shown.thumbnail((MOST_SIDE, MOST_SIDE))
    packed = io.BytesIO()
    shown.save(packed, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(packed.getvalue()).decode()
