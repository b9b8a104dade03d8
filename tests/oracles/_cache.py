"""A small cache with a file of every kind, and who reads each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from scorer.engines import ENGINES
from scorer.engines.base import no_progress
from scorer.files import DAMAGED, delete
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.place import RUNS, read_pool_secret
from scorer.oracles.pool import Pool
from scorer.pipeline import score
from scorer.runner.folders import SOURCE, open_runs
from scorer.runner.load import find_submission
from scorer.secret import PUBLIC
from scorer.store import Seal, Store
from scorer.tasks import TASKS
from scorer.tasks.forget.hard_random import HardRandom
from scorer.tasks.snapshot import save_snapshot
from scorer.training import paths
from scorer.training.probe import ProbeResult
from tests._engine import InlineEngine
from tests.conftest import tiny_definition

METHOD = "def unlearning(net, retain, forget, val):\n    net.fc.bias.data += 1\n"

WORD = re.compile(r"[a-z0-9]+(\.[a-z]+)?")
NUMBER = re.compile(r"[0-9]+|[0-9a-f]{16,}")

WANTED = {"original": 1, "oracle": 2, "control": 2}


@dataclass
class SmallCache:
    """A cache that a score of two models filled.

    Attributes:
        root: of the cache.
        options: of the score.
        method: path of what was scored.
    """

    root: Path
    options: Options
    method: Path

    def files(self) -> list[Path]:
        """Return every file that something is read from."""
        found = [path for path in self.root.rglob("*") if path.is_file() and path.stat().st_size]
        return sorted(path for path in found if path.name != SOURCE)

    def kind(self, path: Path) -> str:
        """Return what a file is one of, such as "oracle arrays.safetensors"."""
        words = (name for name in path.relative_to(self.root).parts if WORD.fullmatch(name))
        return " ".join(name for name in words if not NUMBER.fullmatch(name))

    def by_kind(self) -> dict[str, list[Path]]:
        """Return the files of every kind."""
        found: dict[str, list[Path]] = {}
        for path in self.files():
            found.setdefault(self.kind(path), []).append(path)
        return found

    def damaged(self) -> list[Path]:
        """Return what was set aside."""
        return list(self.root.rglob(f"{DAMAGED}*"))

    def contents(self) -> dict[Path, bytes]:
        """Return the bytes of every file."""
        return {path: path.read_bytes() for path in self.files()}

    def make(self) -> dict[str, np.ndarray]:
        """Read everything as a score does, made again where damaged; return what came of it."""
        pool, engine = open_pool(self.options, no_progress)
        pool.to_spec()
        (scored,) = score([str(self.method)], self.options, no_progress, ("utility",))
        banks = pool.banks(WANTED, engine)
        banks["unlearned"] = scored.banks["unlearned"]
        return {role: bank.confidence() for role, bank in banks.items()}


@contextmanager
def small_cache(folder: Path) -> Iterator[SmallCache]:
    """Fill a cache; while this lasts, the paths of training are not measured."""
    method = folder / "shift.py"
    method.write_text(METHOD)
    with pytest.MonkeyPatch.context() as patch:
        forget = HardRandom(n_hard=5, n_random=5, n_models=2)
        patch.setitem(TASKS.members, "tiny", tiny_definition(forget=forget))
        patch.setitem(ENGINES.members, "inline", InlineEngine)
        patch.setattr(paths, "probe", lambda *_: ProbeResult("loop", 1, "for tests", ()))
        options = Options(
            task="tiny", n_models=2, engine="inline", workers=1, device="cpu", sandbox="process",
            secret=PUBLIC, cache_dir=folder / "cache",
        )  # fmt: skip
        cache = SmallCache(options.cache_dir, options, method)
        cache.make()
        yield cache


def notice(cache: SmallCache, pool: Pool, path: Path) -> None:
    """Read what a file belongs to, so that damage is set aside."""
    top, *rest = path.relative_to(cache.root).parts
    if top == "paths":
        Store(path.parents[1], seal=Seal(f"paths/{rest[0]}")).repair()
    elif rest[0] == "tasks":
        save_snapshot(pool.task, cache.root / "v1" / "tasks")
    elif rest[0] == "difficulty":
        Store(path.parents[1], seal=Seal(f"difficulty/{rest[1]}/{rest[2]}")).repair()
    elif "unlearned" in rest:
        method = find_submission(str(cache.method))
        open_runs(pool.root / RUNS, method, pool, cache.options).repair()
    elif path.parent == pool.root:
        read_pool_secret(pool.root)
    else:
        pool.repair()


def restore(before: dict[Path, bytes], cache: SmallCache) -> None:
    """Put back what was set aside."""
    for path in cache.damaged():
        delete(path)
    for path, content in before.items():
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
