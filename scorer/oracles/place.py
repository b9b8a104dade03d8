"""Which pool is meant: each lies in a folder of its secret's name and holds the secret itself."""

from __future__ import annotations

import errno
import logging
import os
import re
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from scorer.files import Damaged, disk_errors, set_aside, written_folder
from scorer.secret import (
    PUBLIC_SECRET,
    create_secret,
    draw_secret,
    read_secret,
    secret_file,
    secret_id,
)

logger = logging.getLogger("scorer")

FILES = ("secret", "secret.copy")
"""Twice, because without it all models would have to be trained anew."""

TAKEN = (errno.EEXIST, errno.ENOTEMPTY)

NAME = re.compile(r"[0-9a-f]{16}")

RUNS = "unlearned"
"""Folder of a pool that holds the runs of submissions from its originals."""


def choose_secret(parent: Path, named: str | None) -> str:
    """Return the secret of the pool that is meant, which has its folder then.

    Args:
        parent: where the pools of one task and one way of training lie.
        named: the secret that a user named. Without it the pool that is there is meant, of several
            the oldest; where there is none, a new secret is drawn.

    Raises:
        DiskError: the folder cannot be read or written.
        ScorerError: a newer kit wrote the secret.
    """
    if named is not None:
        return _establish(parent, named)
    found = _oldest(parent)
    if found is None:
        with disk_errors(parent):
            parent.mkdir(parents=True, exist_ok=True)
            with FileLock(parent / ".change.lock"):
                found = _oldest(parent) or _establish(parent, draw_secret())
    if found == PUBLIC_SECRET:
        logger.warning(
            "the pool %s has the public secret: everybody can train its oracles; for a contest"
            " name another by --secret",
            parent / secret_id(found),
        )
    return found


def read_pool_secret(pool: Path) -> str:
    """Return the secret of a pool; a damaged copy of it is made again from the other.

    Args:
        pool: its folder.

    Raises:
        Damaged: no copy is good.
        ScorerError: a newer kit wrote it.
    """
    problems = []
    for name in FILES:
        try:
            secret = read_secret(pool / name)
        except Damaged as error:
            problems.append(str(error))
            continue
        if secret_id(secret) == pool.name:
            _mend(pool, secret)
            return secret
        problems.append(f"{pool / name}: the secret of another pool")
    raise Damaged("; ".join(problems))


def _establish(parent: Path, secret: str) -> str:
    """Give a secret its pool's folder, with the secret in it, and return it."""
    pool = parent / secret_id(secret)
    if os.path.lexists(pool) and not pool.is_dir():
        set_aside(pool, f"{pool}: not a folder")
    if not pool.is_dir():
        contents = dict.fromkeys(FILES, secret_file(secret))
        with written_folder(parent, "pool", contents, mode=0o600) as folder:
            try:
                folder.rename(pool)
            except OSError as error:
                if error.errno not in TAKEN:  # by another process, with the same secret
                    raise
    _mend(pool, secret)
    return secret


def _mend(pool: Path, secret: str) -> None:
    """Write what lacks of the copies of a pool's secret."""
    for name in FILES:
        path = pool / name
        try:
            reason = None if read_secret(path) == secret else f"{path}: of another pool"
        except Damaged as error:
            reason = str(error)
        if reason:
            set_aside(path, reason)
            create_secret(path, secret)


def _made_ns(pool: Path) -> int:
    """Return when a pool was made: a copy of its secret that was mended is younger."""
    found = []
    for name in FILES:
        with suppress(FileNotFoundError):  # another process mends it just now
            found.append((pool / name).stat().st_mtime_ns)
    return min(found, default=0)


def _oldest(parent: Path) -> str | None:
    """Return the secret of the oldest pool, None where there is none; say which of several."""
    found = []
    for pool in list(parent.iterdir()) if parent.is_dir() else ():
        if not NAME.fullmatch(pool.name):
            continue
        try:
            secret = read_pool_secret(pool)
        except Damaged as error:
            # Nothing in it can be told from a forgery any more.
            set_aside(pool, str(error))
            continue
        found.append((_made_ns(pool), pool, secret))
    if not found:
        return None
    _, pool, secret = min(found)
    if len(found) > 1:
        logger.warning(
            "%d pools are in %s; the oldest, %s, is taken; --secret names another",
            len(found),
            parent,
            pool.name,
        )
    return secret
