"""Where the outcomes of a submission are kept, and the secret that the seeds of its runs come from.

A secret is drawn for every folder of runs, so that nobody can tell beforehand which seeds a
submission will get, and kept in it. A secret that a user names has a folder of its own: what was
made under another stays as it is.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from filelock import FileLock

from scorer.files import (
    Damaged,
    discard,
    disk_errors,
    read_regular,
    replace_file,
    set_aside,
)
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.runner.host import Kind
from scorer.runner.load import Submission
from scorer.runner.packages import packages_sha256
from scorer.runner.units import is_current
from scorer.scenarios import STANDARD, Request
from scorer.secret import create_secret, derived_key, draw_secret, read_secret, secret_id
from scorer.store import MANIFEST, Seal, Store

logger = logging.getLogger("scorer")

SECRET = "secret"
"""The file of a folder of runs that holds its secret, readable by its owner alone."""

SOURCE = "submission.json"
"""The file of a folder of runs that holds what is run."""

KINDS: tuple[Kind, ...] = ("run", "audit", "reference")

SHARED = "runs"
"""What the secret of runs is derived for where the pool's was named and theirs was not."""


@dataclass(frozen=True)
class RunsFolder:
    """All that is kept of one submission under one design, tier and scenario.

    Attributes:
        root: the folder.
        secret: of the seeds of its runs, its audit and its retrainings; outcomes are sealed by it.
        models: which models the runs are held against: fingerprint and engine of the pool.
        part: of which request, see `Request.part`; one folder holds those of all requests.
        extra: names of the extra features that runs must hold to count as there.
    """

    root: Path
    secret: str = field(repr=False)
    models: str
    part: str = ""
    extra: tuple[str, ...] = ()

    @classmethod
    def read(cls, root: Path, models: str, part: str, extra: tuple[str, ...] = ()) -> RunsFolder:
        """Return the folder that lies there, in a worker.

        Raises:
            Damaged: its secret is not there or not whole.
        """
        return cls(root, read_secret(root / SECRET), models, part, extra)

    def store(self, kind: Kind) -> Store:
        """Return the outcomes of one kind of unit."""
        place = f"{kind}{self.part}"
        seal = Seal(f"runs/{self.models}/{self.root.name}/{place}", self.secret)
        return Store(self.root / place, partial(is_current, kind=kind, extra=self.extra), seal=seal)

    def repair(self) -> None:
        """Set aside what is damaged of the outcomes."""
        for kind in KINDS:
            self.store(kind).repair()

    def keep_source(self, source: bytes) -> None:
        """Keep what is run, as `Code.to_bytes` gives it, for workers to read."""
        replace_file(self.root / SOURCE, source)

    def source(self, sha256: str) -> bytes:
        """Return what is run.

        Raises:
            Damaged: it is not that of the hash.
        """
        source = read_regular(self.root / SOURCE)
        if hashlib.sha256(source).hexdigest() != sha256:
            raise Damaged(f"{self.root / SOURCE} was changed while it was run; call it again")
        return source


def models_of(pool: Pool) -> str:
    """Return which models those of a pool are."""
    return f"{pool.task.fingerprint}/{pool.engine_id}"


def open_runs(
    place: Path,
    submission: Submission,
    pool: Pool,
    options: Options,
    request: Request | None = None,
    *,
    anew: bool = False,
) -> RunsFolder:
    """Return the folder of a submission's outcomes, with its secret, made now where it is not.

    Args:
        place: where the folders of all submissions lie.
        submission: whose outcomes they are: of this file, of what it shares with baselines and of
            the packages that it imports, as they are now.
        pool: that they are held against.
        options: design, tier, scenario and secrets are looked at. A secret of the runs that is not
            named follows from the pool's where that was named, so that one option makes all again;
            where neither was, it is drawn with the folder.
        request: of which they are; by default the only one.
        anew: delete what is there first, its secret and the outcomes of other requests included.

    Raises:
        DiskError: the folder cannot be read or written.
    """
    named = named_secret(options)
    name = f"{submission.name}-{submission.sha256[:16]}-{options.design}-{options.sandbox}"
    packages = packages_sha256(submission.code)
    if packages:
        name += f"-{packages[:16]}"
    if options.scenario != STANDARD:
        name += f"-{options.scenario.replace(':', '-')}"
    root = place / (name if named is None else f"{name}-{secret_id(named)}")
    if anew:
        n_outcomes = len(list(root.glob(f"run*/*/{MANIFEST}")))
        discard(root)
        if n_outcomes:
            message = "the outcomes of %d runs of %s are deleted"
            logger.warning(message, n_outcomes, submission.name)
    with disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{SECRET}.lock"):
            part = "" if request is None else request.part
            return RunsFolder(root, _secret(root, named), models_of(pool), part, pool.extra)


def named_secret(options: Options) -> str | None:
    """Return the secret of runs that the options come to, None where one is to be drawn."""
    if options.runs_secret is not None:
        return options.runs_secret
    return None if options.secret is None else derived_key(options.secret, SHARED).hex()


def _secret(root: Path, named: str | None) -> str:
    """Return the secret of a folder.

    Outcomes without the secret that they were made under cannot be told from others: where it is
    damaged or not there, they are moved aside with it, and all is made anew under another.
    """
    path = root / SECRET
    if not os.path.lexists(path) and not any(_kept(root)):
        return create_secret(path, named or draw_secret())
    try:
        found = read_secret(path)
        if named not in (None, found):
            raise Damaged(f"{path}: another secret than the folder's name says")
        return found
    except Damaged as error:
        for kept in (path, *_kept(root)):
            set_aside(kept, str(error))
    return create_secret(path, named or draw_secret())


def _kept(root: Path) -> Iterator[Path]:
    """Yield the folders below one of runs that hold outcomes."""
    yield from {path.parent.parent for path in root.glob(f"*/*/{MANIFEST}")}
