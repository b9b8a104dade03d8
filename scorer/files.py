"""Files that survive a crash, and that are opened only for what they are said to be.

What is new is made under a temporary name and renamed; what is damaged is moved aside; what a
killed process left is told from what a living one is writing by a lock on it. A name on disk may
be anything by now, so nothing is opened that could wait, and no link is followed.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import shutil
import stat
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from scorer.errors import ScorerError

logger = logging.getLogger("scorer")

TEMPORARY = ".tmp-"
DAMAGED = ".damaged-"

ENTRY = re.compile(r"[0-9]{5}")
"""Names of folders that were renamed whole, so that nothing half written is in them."""

STALE_S = 24 * 3600
"""Age after which a temporary folder is deleted where the file system knows no locks."""

NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EIO}
"""Errors of opening and reading that say something of the file and nothing of who reads it."""

WHAT_TO_DO = {
    errno.ENOSPC: "make room there or name another folder",
    errno.EDQUOT: "the quota is used up: make room there or name another folder",
    errno.EFBIG: "the limit of the size of files is too low: raise it (ulimit -f)",
    errno.EROFS: "the file system is read-only: name another folder",
    errno.EACCES: "change who may read and write there or name another folder",
    errno.EPERM: "change who may read and write there or name another folder",
    errno.EIO: "the disk or its connection fails: name another folder",
}
"""Errors that stay until somebody does something, with what."""

NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}


class Damaged(ScorerError):
    """What is on disk is not what was written, or not a file."""


class DiskError(ScorerError):
    """The disk is full, read-only or not ours; the message says what to do."""


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the errors of a disk that stay into one that says what to do.

    Args:
        path: what is written or read, for the message.

    Raises:
        DiskError: of `WHAT_TO_DO`; other errors pass.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in WHAT_TO_DO:
            raise
        where, what = error.filename or path, WHAT_TO_DO[error.errno]
        raise DiskError(
            f"{where} must be read and written, got: {error.strerror}; {what} (CACHE_DIR,"
            " RESULTS_DIR). What is finished is kept, and the same command goes on"
        ) from error


def read_regular(path: Path, most_bytes: int | None = None) -> bytes:
    """Return the bytes of a regular file.

    Args:
        path: neither a link nor anything that could wait, such as a FIFO, is opened.
        most_bytes: what is larger is not read.

    Raises:
        Damaged: it is not there, not a regular file, too large, or the disk cannot read it.
        DiskError: it may not be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with disk_errors(path):
        try:
            descriptor = os.open(path, flags)
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    raise Damaged(f"{path}: not a regular file")
                if most_bytes is not None and found.st_size > most_bytes:
                    raise Damaged(f"{path}: {found.st_size} bytes, more than {most_bytes}")
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    return file.read()
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno not in NOT_THERE:
                raise
            what = "a link, not a file" if error.errno == errno.ELOOP else error.strerror
            raise Damaged(f"{path}: {what}") from error


def write_durably(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a new file and return once its bytes are on the disk.

    Args:
        path: must not exist.
        content: of the file.
        mode: of the file, before the umask.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def temporary_folder(parent: Path, name: str = "") -> Iterator[Path]:
    """Yield a new folder that `sweep` leaves alone as long as this process lives.

    It is deleted at the end unless it was renamed by then.

    Args:
        parent: created where needed.
        name: part of the folder's name.
    """
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        # Short, since runs work in such folders, and a Unix socket has a path of 107 bytes at most.
        folder = parent / f"{TEMPORARY}{name}-{uuid.uuid4().hex[:12]}"
        folder.mkdir()
        # Between these lines the folder may be swept; then it is not the one that is locked.
        with suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            if _lock(descriptor) is not False and _is_same(folder, descriptor):
                break
            os.close(descriptor)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


@contextmanager
def written_folder(
    parent: Path, name: str, contents: Mapping[str, bytes], mode: int = 0o666
) -> Iterator[Path]:
    """Yield a temporary folder of files that are on the disk, to rename it or them from there.

    Args:
        parent: created where needed.
        name: part of the folder's name.
        contents: bytes of each file by its name.
        mode: of the files, before the umask.

    Raises:
        DiskError: the disk is full or not writable; nothing remains but what was renamed.
    """
    with disk_errors(parent), temporary_folder(parent, name) as folder:
        for file, content in contents.items():
            write_durably(folder / file, content, mode)
        sync_folder(folder)
        yield folder
        sync_folder(parent)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, whole.

    Args:
        path: its folder is created where needed.
        content: of the file.

    Raises:
        DiskError: the disk is full or not writable; the old file, if there is one, stays.
    """
    with written_folder(path.parent, "file", {path.name: content}) as aside:
        (aside / path.name).replace(path)


def ensure_writable(folder: Path) -> None:
    """Make a folder where it is not there, and try whether files can be made in it.

    Raises:
        DiskError: they cannot.
    """
    try:
        with written_folder(folder, "trial", {"trial": b"x"}):
            pass
    except (FileExistsError, NotADirectoryError, FileNotFoundError) as error:
        # A file or a dead link on the way, or a place such as /proc where nothing can be made.
        raise DiskError(
            f"{folder} must be a folder to write to, got: {error.strerror} ({error.filename});"
            " name another one (CACHE_DIR, RESULTS_DIR)"
        ) from error


def _lock(descriptor: int) -> bool | None:
    """Tell whether the lock was free, and take it; None where there are no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        return None
    return True


def _is_same(path: Path, descriptor: int) -> bool:
    """Tell whether a name still is what was opened under it."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def _held_if_abandoned(path: Path) -> Iterator[bool]:
    """Yield whether what has a temporary name belongs to no living process, and keep it so."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        yield error.errno in (errno.ELOOP, errno.ENXIO)  # links and sockets, which nobody makes
        return
    try:
        is_free = _lock(descriptor)
        if is_free is None:
            is_free = time.time() - os.fstat(descriptor).st_mtime > STALE_S
        yield is_free
    finally:
        os.close(descriptor)


def is_abandoned(path: Path) -> bool:
    """Tell whether what has a temporary name belongs to no living process."""
    with _held_if_abandoned(path) as is_free:
        return is_free


def delete_abandoned(path: Path) -> bool:
    """Delete what has a temporary name unless a living process made it; tell whether it did."""
    with _held_if_abandoned(path) as is_free:
        if is_free:
            delete(path)
        return is_free


def sweep(root: Path) -> list[Path]:
    """Delete what killed processes left under temporary names below a folder; return the paths.

    Folders of entries are not looked into: they were renamed whole.
    """
    swept = []
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if name.startswith(TEMPORARY) and delete_abandoned(path):
                swept.append(path)
        folders[:] = [
            name for name in folders if not (name.startswith(".") or ENTRY.fullmatch(name))
        ]
    return swept


def delete(path: Path) -> None:
    """Delete a file, a link or a whole folder; what is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Delete what is whole so that no part of it ever lies under its name.

    Raises:
        DiskError: it may not be deleted.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name[:100]}-{uuid.uuid4().hex}")
    with disk_errors(path), suppress(FileNotFoundError):
        path.rename(temporary)
        delete(temporary)


def set_aside(path: Path, reason: str) -> Path | None:
    """Move what is damaged aside, say so, and return where it lies now.

    This is how everything damaged is dealt with: whoever finds it makes it again.

    Args:
        path: of any kind.
        reason: for the message.

    Returns:
        None where somebody else was faster.

    Raises:
        DiskError: it cannot be moved.
    """
    aside = path.with_name(f"{DAMAGED}{path.name.lstrip('.')[:100]}-{uuid.uuid4().hex[:8]}")
    with disk_errors(path):
        try:
            path.rename(aside)
        except FileNotFoundError:
            return None
    logger.warning("damaged and to be made again: %s; moved to %s", reason, aside.name)
    return aside


def zip_member(name: str, compression: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """Return the head of a member of a zip that everybody may read.

    Its date is always the same, so that equal contents give an equal zip.

    Args:
        name: with slashes where it lies in folders.
        compression: one of `zipfile`'s.
    """
    member = zipfile.ZipInfo(name)
    member.compress_type, member.external_attr = compression, 0o644 << 16
    return member
