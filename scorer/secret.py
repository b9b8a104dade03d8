"""Secrets that seeds and seals come from: nobody who lacks one can train an oracle of its pool.

A secret is 64 hexadecimal digits. It lies beside what was made with it, readable by its owner
alone, and in the record afterwards, so that everything can be made again.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from scorer.errors import ScorerError, UsageError
from scorer.files import Damaged, read_regular, written_folder

EDITION = 1
"""Of the form of the files."""

PUBLIC = "public"
PUBLIC_SECRET = hashlib.sha256(b"a secret that everybody knows").hexdigest()
"""Of the boards and pools that are published, and of tests. Everybody can train their oracles, so
it is none for a contest."""

NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links say."""

FORM = re.compile(r"[0-9a-f]{64}")


def draw_secret() -> str:
    """Return a new secret."""
    return secrets.token_hex(32)


def parse_secret(text: str, flag: str = "--secret") -> str:
    """Return the secret that a user named by a flag: its digits, or the word "public".

    Raises:
        UsageError: it is neither.
    """
    secret = PUBLIC_SECRET if text == PUBLIC else text.strip().lower()
    if not FORM.fullmatch(secret):
        raise UsageError(
            f"{flag} must be 64 hexadecimal digits or the word {PUBLIC}, got {len(text)}"
            " characters; a record has the secrets it was made under as pool_secret and runs_secret"
        )
    return secret


def derived_key(secret: str, purpose: str) -> bytes:
    """Return 32 bytes that tell nothing of the secret, others for each purpose."""
    return hmac.digest(secret.encode(), purpose.encode(), "sha256")


def secret_id(secret: str) -> str:
    """Return the public name of a secret, 16 hexadecimal digits."""
    return derived_key(secret, "id").hex()[:16]


def read_secret(path: Path) -> str:
    """Return the secret that a file holds.

    Raises:
        Damaged: the file is not there or not as it was written.
        ScorerError: a newer kit wrote it.
    """
    try:
        text = read_regular(path, 1000).decode("ascii")
        _, edition, secret, _ = text.split()
        is_whole = text == _text(secret, edition) and FORM.fullmatch(secret) is not None
    except ValueError:
        is_whole = False
    if not is_whole:
        raise Damaged(f"{path}: not a secret as it was written")
    if edition != str(EDITION):
        raise ScorerError(
            f"{path} must be of edition {EDITION}, got {edition}; another kit wrote it: use that"
            " one, or another CACHE_DIR"
        )
    return secret


def _text(secret: str, edition: str) -> str:
    """Return the text of a file, whose last line tells a damaged one from a whole one."""
    check = derived_key(secret, f"file {edition}").hex()[:16]
    return f"secret {edition}\n{secret}\n{check}\n"


def secret_file(secret: str) -> bytes:
    """Return what a file of a secret holds; see `read_secret`."""
    return _text(secret, str(EDITION)).encode()


def create_secret(path: Path, secret: str) -> str:
    """Write a secret where there is none, and return the one that is there then.

    Of several processes exactly one has its secret written; the others get that one.

    Raises:
        Damaged: what was there already is not a secret as it was written.
        DiskError: it cannot be written.
    """
    contents = {path.name: secret_file(secret)}
    with written_folder(path.parent, "secret", contents, mode=0o600) as folder:
        _link(folder / path.name, path)
    return read_secret(path)


def _link(made: Path, path: Path) -> None:
    """Give a whole file its name unless the name is taken, which a rename would not see."""
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # Of two processes that come to this in one instant, both may go on with their own.
        if not os.path.lexists(path):
            made.rename(path)
