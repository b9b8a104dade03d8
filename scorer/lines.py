"""What lies between models and oracles: losses on the lines between their weights, in workers.

Model i of each sort is walked to oracle i: run i, control i, and the original that run i started
from. What is found is kept by the SHA-256 of the weights at both ends, so that it is found once and
never of other weights. No submission's code comes by: weights were validated when they were kept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load as load_tensors

from scorer.engines.base import Emit, Engine, Progress, Spec
from scorer.features.views import BARRIER
from scorer.measures.base import Evidence
from scorer.options import Options
from scorer.oracles.place import RUNS
from scorer.oracles.pool import Pool
from scorer.oracles.room import RUNS_PER_GPU
from scorer.oracles.shard import network
from scorer.runner.designs import DESIGNS
from scorer.runner.folders import RunsFolder, models_of, open_runs
from scorer.runner.tiers import resolve
from scorer.steps import Method
from scorer.store import WEIGHTS, Seal, Store, claim, json_sha256, read_or_make
from scorer.training.line import N_POINTS, losses_on_line

EDITION = 1
"""Raised whenever what is kept of a line changes; what was kept under another is made again."""

SAMPLE_SIZE = 1000
"""Retain examples, evenly spaced in the retain set, that statistics and the loss there are of."""


@dataclass(frozen=True)
class Side:
    """Where the weights of N models lie.

    Attributes:
        kind: "pool", "runs" or "checkpoints".
        name: the role; the folder of the runs; the SHA-256 of what the checkpoints came in.
        indices: of the entries, one a model.
    """

    kind: str
    name: str
    indices: tuple[int, ...]

    def store(self, pool: Pool) -> Store:
        """Return what holds the weights.

        Raises:
            Damaged: the secret of a folder of runs is not there or not whole.
        """
        if self.kind == "runs":
            return RunsFolder.read(Path(self.name), models_of(pool), "").store("run")
        return pool.store(self.name) if self.kind == "pool" else pool.checkpoints(self.name)


def is_walked(evidence: Evidence, measures: Collection[str] | None = None) -> bool:
    """Tell whether what lies between models and oracles is asked for, and there are models.

    Args:
        evidence: as far as it is known.
        measures: names of those that are computed; None for all.
    """
    is_wanted = measures is None or BARRIER in measures
    return is_wanted and BARRIER in evidence.asked and "unlearned" in evidence.banks


def side_of(method: Method, pool: Pool, options: Options, place: Path) -> Side:
    """Return where the weights of the unlearned models of one method lie.

    Args:
        method: whose models they are.
        pool: that they are held against.
        options: N, design, sandbox and secrets are looked at.
        place: where runs are kept.
    """
    everyone = tuple(range(options.n_models))
    if isinstance(method, str):
        is_floor = method == "original"
        return Side("pool", method, _originals(options) if is_floor else everyone)
    resolved = replace(options, sandbox=resolve(options.sandbox, pool.device))
    return Side("runs", str(open_runs(place, method, pool, resolved).root), everyone)


def walked(
    evidence: Evidence,
    unlearned: Side,
    pool: Pool,
    engine: Engine,
    options: Options,
    progress: Progress,
) -> Evidence:
    """Return evidence with the losses on the lines to the oracles.

    Args:
        evidence: whose banks "unlearned", "control" and "floor" get `line_forget`
            `(n_models, N_POINTS, 2)`, in nats, on the forget set and on a sample of retain.
        unlearned: where the weights of the unlearned models lie.
        pool: whose models have kept their weights.
        engine: where shards run.
        options: N and design are looked at.
        progress: called with ("barrier", done, total).

    Raises:
        DamagedEntry: weights are not as they were written.
    """
    sides = {
        "unlearned": unlearned,
        "control": Side("pool", "control", tuple(range(options.n_models))),
        "floor": Side("pool", "original", _originals(options)),
    }
    found = {role: lines_to_oracles(side, pool, engine, progress) for role, side in sides.items()}
    banks = {role: evidence.banks[role].beside(line_forget=found[role]) for role in sides}
    return replace(evidence, banks={**evidence.banks, **banks})


def _originals(options: Options) -> tuple[int, ...]:
    """Return the index of the original that each run starts from."""
    return tuple(DESIGNS[options.design].originals(options.n_models))


def lines_to_oracles(side: Side, pool: Pool, engine: Engine, progress: Progress) -> np.ndarray:
    """Return the losses between models and oracles `(n_models, N_POINTS, 2)`; see `walked`."""
    own, oracles = side.store(pool), pool.store("oracle")
    ends = [
        [store.manifest(index)["sha256"][WEIGHTS] for store, index in ((own, at), (oracles, k))]
        for k, at in enumerate(side.indices)
    ]
    digest = json_sha256([EDITION, N_POINTS, SAMPLE_SIZE, ends])
    store, n_lines = line_store(pool, digest), len(ends)

    def make() -> None:
        store.repair(n_lines, deep=False)
        engine.share(
            "scorer.lines:walk_shard",
            {**pool.to_spec(), "side": asdict(side), "digest": digest},
            store.missing(n_lines),
            what="barrier",
            progress=progress,
            per_gpu=RUNS_PER_GPU,
        )

    def read() -> np.ndarray:
        return np.stack([store.read(index)["losses"] for index in range(n_lines)])

    return read_or_make(make, read, store.repair)


def walk_shard(spec: Spec, emit: Emit) -> None:
    """Walk the lines of one shard and commit their losses.

    Raises:
        DamagedEntry: weights are not as they were written.
    """
    pool, told = Pool.from_spec(spec), spec["side"]
    side = Side(told["kind"], told["name"], tuple(told["indices"]))
    own, oracles, store = side.store(pool), pool.store("oracle"), line_store(pool, spec["digest"])
    device = torch.device(pool.device)
    net, sets = network(pool.task, device), _sets(pool, device)
    units = [(store, index) for index in spec["units"]]
    for ((_, index),) in claim(units, spec["start"], 1):
        start, end = (
            {name: each.to(device) for name, each in load_tensors(content).items()}
            for content in (
                own.content(side.indices[index], WEIGHTS),
                oracles.content(index, WEIGHTS),
            )
        )
        losses = losses_on_line(net, start, end, sets, sample=sets[1][0])
        store.write(index, {"losses": losses}, {})
        emit({"index": index})


def line_store(pool: Pool, digest: str) -> Store:
    """Return the store of the losses on lines whose ends have that digest."""
    place = f"lines/{pool.task.fingerprint}/{pool.engine_id}/{digest}"
    return Store(pool.root / RUNS / f"lines-{digest[:16]}", seal=Seal(place, pool.secret))


def _sets(pool: Pool, device: torch.device) -> list[tuple[Any, Any]]:
    """Return images and labels of the forget set and of a sample of retain, on the device."""
    task, found = pool.task, []
    for name, most in (("forget", None), ("retain", SAMPLE_SIZE)):
        images, labels = task.images(name), task.labels(name)
        if most is not None and most < len(labels):
            chosen = torch.linspace(0, len(labels) - 1, most, dtype=torch.float64).long()
            images, labels = images[chosen], labels[chosen]
        found.append((images.to(device, memory_format=torch.channels_last), labels.to(device)))
    return found
