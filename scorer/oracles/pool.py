"""Which trained models a task has, how their number grows, and their outputs as arrays."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors
from torch import Tensor

from scorer.engines.base import Engine, Progress, Spec, no_progress
from scorer.features.weights import keeps_weights
from scorer.oracles.disk import Need, check_room, model_needs
from scorer.oracles.outputs import Bank, output_store, read_bank
from scorer.oracles.place import FILES, NAME, RUNS, choose_secret, read_pool_secret
from scorer.oracles.room import set_of, training_plan
from scorer.secret import derived_key, secret_id
from scorer.store import WEIGHTS, Seal, Store, read_or_make
from scorer.tasks.snapshot import read_snapshot, save_snapshot, snapshots_dir
from scorer.tasks.task import Task
from scorer.training.loop import ModelSeeds
from scorer.training.paths import TRAINING_PER_GPU, TrainingPath, engine_id

logger = logging.getLogger("scorer")


@dataclass(frozen=True)
class Pool:
    """The trained models of one task, made one way.

    Attributes:
        task: what they are models of.
        path: how they are trained; models of two paths never share a folder.
        device: "cpu", "cuda" or "cuda:0".
        cache_dir: where everything that can be made again lies.
        secret: what the seeds of its models come from, and what its entries are sealed with.
        originals_of: fingerprint of the task whose original models are unlearned; empty where that
            is its own. See `for_part`.
        extra: names of the extra features that its models must hold to count as there.
    """

    task: Task
    path: TrainingPath
    device: str
    cache_dir: Path
    secret: str = field(repr=False)
    originals_of: str = ""
    extra: tuple[str, ...] = ()

    @classmethod
    def open(
        cls,
        task: Task,
        path: TrainingPath,
        device: str,
        cache_dir: Path,
        secret: str | None,
        extra: tuple[str, ...] = (),
    ) -> Pool:
        """Return the pool of a secret, or without one the pool that is there or a new one.

        Raises:
            DiskError: its folder cannot be read or written.
        """
        parent = pools_folder(task.fingerprint, path, device, cache_dir)
        return cls(task, path, device, cache_dir, choose_secret(parent, secret), extra=extra)

    def for_part(self, task: Task) -> Pool:
        """Return the pool of a task that forgets a part of what this one's does, of one secret.

        Both have the same train examples, so the original models of this one are those of both.
        """
        originals_of = self.originals_of or self.task.fingerprint
        is_part = task.fingerprint != originals_of
        return replace(self, task=task, originals_of=originals_of if is_part else "")

    def to_spec(self) -> dict[str, Any]:
        """Return JSON values that `from_spec` makes this pool of again, in a worker.

        The secret is not among them: the pool's folder holds it from now on.
        """
        choose_secret(self.root.parent, self.secret)
        return {
            "snapshot": str(save_snapshot(self.task, snapshots_dir(self.cache_dir))),
            "path": asdict(self.path),
            "device": self.device,
            "cache_dir": str(self.cache_dir),
            "pool": str(self.root),
            "originals_of": self.originals_of,
            "extra": list(self.extra),
        }

    @classmethod
    def find(
        cls, task: Task, path: TrainingPath, device: str, cache_dir: Path, secret: str | None
    ) -> Pool | None:
        """Return the pool that `open` would return, None where it would be a new one."""
        parent = pools_folder(task.fingerprint, path, device, cache_dir)
        pattern = "*" if secret is None else secret_id(secret)
        if not any(NAME.fullmatch(found.name) for found in parent.glob(pattern)):
            return None
        return cls.open(task, path, device, cache_dir, secret)

    @classmethod
    def from_spec(cls, spec: Spec) -> Pool:
        """Return the pool that `to_spec` told of."""
        task, path = read_snapshot(Path(spec["snapshot"])), TrainingPath(**spec["path"])
        secret = read_pool_secret(Path(spec["pool"]))
        where = spec["device"], Path(spec["cache_dir"]), secret
        return cls(task, path, *where, spec["originals_of"], tuple(spec["extra"]))

    @property
    def engine_id(self) -> str:
        """Return the name of device kind, training path, dtype and torch release."""
        return engine_id(self.path, self.device)

    @property
    def root(self) -> Path:
        """Return the folder of this pool."""
        return self._root(self.task.fingerprint)

    def store(self, role: str) -> Store:
        """Return the store of one role; models without all features are missing in it."""
        return store_of(self.root, role, self.secret, self.extra)

    def checkpoints(self, sha256: str) -> Store:
        """Return the store of models that came in something of that SHA-256, not trained here."""
        place = f"checkpoints/{self.task.fingerprint}/{self.engine_id}/{sha256}"
        root = self.root / RUNS / f"checkpoints-{sha256[:16]}"
        return output_store(root, Seal(place, self.secret), self.extra)

    def seeds(self, role: str, index: int) -> ModelSeeds:
        """Return the seeds of a model: a function of secret, fingerprint, role and index."""
        key = derived_key(self.secret, f"seeds {self.task.fingerprint}").hex()
        return ModelSeeds.of(key, role, index)

    def needs(self, wanted: Mapping[str, int]) -> list[Need]:
        """Return what the wanted models that are not there will take on disk."""
        missing = {role: len(self.store(role).missing(n)) for role, n in wanted.items()}
        return model_needs(self.task, missing, self.extra)

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
            ScorerError: the disk has not the room, or memory does not hold one model.
        """
        missing = {role: self._take_stock(role, n) for role, n in wanted.items()}
        units = [(role, index) for role, own in missing.items() for index in own]
        units = units[shard[0] :: shard[1]]
        if not units:
            return 0
        needs = model_needs(self.task, Counter(role for role, _ in units), self.extra)
        check_room(self.cache_dir, needs)
        self.train(units, engine, progress)
        return len(units)

    def train(self, units: Sequence[tuple[str, int]], engine: Engine, progress: Progress) -> None:
        """Make models in as many workers and as large groups as memory holds.

        Args:
            units: role and index of each, at least one.
            engine: where shards run.
            progress: called with ("train", done, total).

        Raises:
            ScorerError: memory does not hold one model, or not as many workers as were asked for.
        """
        plan = training_plan(
            self.task,
            self.device,
            engine,
            n_models=len(units),
            k=self.path.k,
            sets={set_of(role) for role, _ in units},
        )
        engine.share(
            "scorer.oracles.shard:train_shard",
            self.to_spec(),
            units,
            what="train",
            progress=progress,
            group_size=plan.k,
            per_gpu=TRAINING_PER_GPU,
            in_memory=plan.per_device,
        )

    def bank(self, role: str, n_models: int) -> Bank:
        """Return the outputs of the first `n_models` of a role.

        Raises:
            DamagedEntry: an entry's bytes changed; `repair` moves it aside.
        """
        # What is started from or walked between: held against its manifest now, while it can still
        # be made again.
        also = [WEIGHTS] if role == "original" or keeps_weights(self.extra) else []
        return read_bank(self.store(role), n_models, also=also)

    def banks(
        self, wanted: Mapping[str, int], engine: Engine, progress: Progress = no_progress
    ) -> dict[str, Bank]:
        """Return the outputs of all wanted models, trained now where missing or damaged."""
        return read_or_make(
            lambda: self.ensure(wanted, engine, progress),
            lambda: {role: self.bank(role, n_models) for role, n_models in wanted.items()},
            lambda: self.repair(wanted),
        )

    def repair(self, wanted: Mapping[str, int] | None = None) -> list[Path]:
        """Move damaged entries aside and return where they lie now.

        Args:
            wanted: role -> number of models; None for all models of all roles.
        """
        numbers = dict.fromkeys(self.roles()) if wanted is None else wanted
        return [path for role, n in numbers.items() for path in self.store(role).repair(n)]

    def roles(self) -> list[str]:
        """Return the roles that models are there of, damaged or not."""
        return roles_of(self.root)

    def original_weights(self, index: int) -> dict[str, Tensor]:
        """Return the state of an original model, by parameter and buffer name."""
        root = self._root(self.originals_of or self.task.fingerprint)
        store = store_of(root, "original", self.secret)
        return dict(load_tensors(store.content(index, WEIGHTS)))

    def _root(self, fingerprint: str) -> Path:
        """Return the folder of the pool of a task, made like this one."""
        parent = pools_folder(fingerprint, self.path, self.device, self.cache_dir)
        return parent / secret_id(self.secret)

    def _take_stock(self, role: str, n_models: int) -> list[int]:
        """Return which models are to be made; say which of them lack a feature, and what follows.

        What has a damaged manifest is set aside.
        """
        store = self.store(role)
        missing, outdated = store.take_stock(n_models)
        if outdated:
            kept = sum((store.folder(index) / WEIGHTS).is_file() for index in outdated)
            logger.warning(
                f"{len(outdated)} models of role {role} lack a feature: {kept} are evaluated again,"
                f" {len(outdated) - kept} trained again"
            )
        return missing


def store_of(root: Path, role: str, secret: str, extra: Collection[str] = ()) -> Store:
    """Return the store of one role of a pool, by where that lies: its place is part of its seal."""
    fingerprint, made_by = root.parts[-3:-1]
    return output_store(root / role, Seal(f"pool/{fingerprint}/{made_by}/{role}", secret), extra)


def roles_of(root: Path) -> list[str]:
    """Return the roles that models of a pool are there of, damaged or not."""
    paths = root.iterdir() if root.is_dir() else ()
    names = {path.name for path in paths if not path.name.startswith(".")}
    return sorted(names - {RUNS, *FILES})


def pools_folder(fingerprint: str, path: TrainingPath, device: str, cache_dir: Path) -> Path:
    """Return where the pools of a task lie whose models are made one way."""
    return cache_dir / "v1" / fingerprint / engine_id(path, device)
