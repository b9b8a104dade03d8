"""Which trained models a task has, how their number grows, and their outputs as arrays."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors
from torch import Tensor

from scorer.engines.base import Engine, Progress, Spec, no_progress
from scorer.errors import ScorerError
from scorer.machine import workers_on
from scorer.oracles.outputs import Bank, output_store
from scorer.store import WEIGHTS, DamagedEntry, Store
from scorer.tasks.snapshot import read_snapshot, save_snapshot
from scorer.tasks.task import Task
from scorer.training.paths import TRAINING_PER_GPU, TrainingPath, engine_id

logger = logging.getLogger("scorer")

STALE_S = 24 * 3600
"""Age after which what a killed process left under a temporary name is deleted."""


@dataclass(frozen=True)
class Pool:
    """The trained models of one task, made one way.

    Attributes:
        task: what they are models of.
        path: how they are trained; models of two paths never share a folder.
        device: "cpu", "cuda" or "cuda:0".
        cache_dir: where everything that can be made again lies.
    """

    task: Task
    path: TrainingPath
    device: str
    cache_dir: Path

    def to_spec(self) -> dict[str, Any]:
        """Return JSON values that `from_spec` makes this pool of again, in a worker."""
        return {
            "snapshot": str(save_snapshot(self.task, self.cache_dir / "v1" / "tasks")),
            "path": asdict(self.path),
            "device": self.device,
            "cache_dir": str(self.cache_dir),
        }

    @classmethod
    def from_spec(cls, spec: Spec) -> Pool:
        """Return the pool that `to_spec` told of."""
        task, path = read_snapshot(Path(spec["snapshot"])), TrainingPath(**spec["path"])
        return cls(task, path, spec["device"], Path(spec["cache_dir"]))

    @property
    def engine_id(self) -> str:
        """Return the name of device kind, training path, dtype and torch release."""
        return engine_id(self.path, self.device)

    @property
    def root(self) -> Path:
        """Return the folder of this pool."""
        return self.cache_dir / "v1" / self.task.fingerprint / self.engine_id

    def store(self, role: str) -> Store:
        """Return the store of one role; models without all features are missing in it."""
        return output_store(self.root / role)

    @property
    def bytes_per_model(self) -> int:
        """Return about what an entry takes on disk."""
        n_examples, n_forget = len(self.task.raw.labels), len(self.task.split.forget)
        return 5 * n_examples + 4 * self.task.n_classes * n_forget + 4096

    def ensure(
        self,
        wanted: Mapping[str, int],
        engine: Engine,
        progress: Progress = no_progress,
        shard: tuple[int, int] = (0, 1),
    ) -> int:
        """Make what is missing of the wanted models; return how many were made.

        Interrupted at any point it loses at most the models under way; called again it goes on.
        A model whose outputs lack a feature is evaluated again where its weights were kept, and
        trained again under its seeds where they were not.

        Args:
            wanted: role -> number of models.
            engine: where shards run.
            progress: called with ("train", done, total).
            shard: (i, n): only every n-th missing model, beginning with the i-th.

        Raises:
            ScorerError: the disk has not the room.
        """
        for role, n_models in wanted.items():
            self._sweep(role)
            self._tell_outdated(role, n_models)
        units = [
            (role, index)
            for role, n_models in wanted.items()
            for index in self.store(role).missing(n_models)
        ][shard[0] :: shard[1]]
        if not units:
            return 0
        self._check_room(len(units))
        engine.share(
            "scorer.oracles.shard:train_shard",
            self.to_spec(),
            units,
            what="train",
            progress=progress,
            group_size=self.path.k,
            unless_chosen=workers_on(self.device, TRAINING_PER_GPU),
        )
        return len(units)

    def bank(self, role: str, n_models: int) -> Bank:
        """Return the outputs of the first `n_models` of a role.

        Raises:
            DamagedEntry: an entry's bytes changed; `repair` moves it aside.
        """
        store = self.store(role)
        return Bank.stack([store.read(index) for index in range(n_models)])

    def banks(
        self, wanted: Mapping[str, int], engine: Engine, progress: Progress = no_progress
    ) -> dict[str, Bank]:
        """Return the outputs of all wanted models, trained now where missing or damaged."""
        for _ in range(3):
            self.ensure(wanted, engine, progress)
            if not self.repair(wanted):
                break
        return {role: self.bank(role, n_models) for role, n_models in wanted.items()}

    def repair(self, wanted: Mapping[str, int]) -> list[Path]:
        """Move damaged entries aside and return where they lie now."""
        moved = []
        for role, n_models in wanted.items():
            store = self.store(role)
            for index in range(n_models):
                if not store.has(index):
                    continue
                try:
                    store.read(index)
                    if role == "original":
                        store.content(index, WEIGHTS)
                except DamagedEntry as error:
                    moved.append(store.quarantine(index, str(error)))
        return moved

    def original_weights(self, index: int) -> dict[str, Tensor]:
        """Return the state of an original model, by parameter and buffer name."""
        return dict(load_tensors(self.store("original").content(index, WEIGHTS)))

    def _tell_outdated(self, role: str, n_models: int) -> None:
        """Say which models lack a feature and what that means."""
        store = self.store(role)
        outdated = store.outdated(n_models)
        if outdated:
            kept = sum((store.folder(index) / WEIGHTS).is_file() for index in outdated)
            logger.warning(
                f"{len(outdated)} models of role {role} lack a feature: {kept} are evaluated again,"
                f" {len(outdated) - kept} trained again"
            )

    def _sweep(self, role: str) -> None:
        """Delete what killed processes left behind long ago."""
        root = self.store(role).root
        if not root.is_dir():
            return
        for path in root.glob(".tmp-*"):
            if time.time() - path.stat().st_mtime > STALE_S:
                shutil.rmtree(path, ignore_errors=True)

    def _check_room(self, n_units: int) -> None:
        """Refuse to begin what the disk cannot hold."""
        needed = n_units * self.bytes_per_model
        self.cache_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.cache_dir).free
        if free < 1.1 * needed:
            raise ScorerError(
                f"{self.cache_dir} must have {needed / 2**20:.0f} MiB free for {n_units} models,"
                f" got {free / 2**20:.0f} MiB; make room or set CACHE_DIR"
            )
