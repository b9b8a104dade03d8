"""Many image files to one array on disk: every core, little memory, and on again after a stop.

The array is written block by block where it belongs. A block is named in a journal once its bytes
are on the disk, so that whoever goes on decodes only what is not named there.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from data_prep.pictures import BrokenImage, Picture, Shape, decode
from scorer.limits import n_cores
from scorer.settings import PROJECT_ROOT

Progress = Callable[[str, int, int], None]
"""Called with (what, done, total)."""

IMAGES, JOURNAL = "images.npy", "journal.jsonl"
BLOCK = 256
"""Images that are decoded, written and named in the journal together."""

SERIAL_BLOCKS = 8
"""Up to so many blocks this process decodes itself: to start others would take as long."""

MOST_WORKERS = 16
"""Processes that decode: each takes memory, and a disk can hardly feed more."""

SYNC_S = 2.0
"""The disk is waited for once in so many seconds; a stop loses as much work."""

Broken = dict[int, str]
Block = tuple[int, Broken]
Worker = subprocess.Popen[bytes]


def no_progress(what: str, done: int, total: int) -> None:
    """Show nothing."""


def decode_all(
    pictures: Sequence[Picture], shape: Shape, folder: Path, progress: Progress
) -> Broken:
    """Decode images into `images.npy` `(n, *shape)` uint8, going on where a call was stopped.

    Args:
        pictures: the files; those of a call before, where there was one.
        shape: of each, see `data_prep.pictures.decode`.
        folder: that holds the array and the journal; it must exist.
        progress: called with ("images", done, total).

    Returns:
        Why an image could not be decoded, by its index; its pixels are 0.

    Raises:
        OSError: the disk has too little room, or a process was ended.
    """
    path, journal = folder / IMAGES, folder / JOURNAL
    start = _allocate(path, (len(pictures), *shape))
    n_blocks = -(-len(pictures) // BLOCK)
    done = _read_journal(journal)
    todo = [block for block in range(n_blocks) if block not in done]
    n_done = sum(_size_of(block, len(pictures)) for block in done)
    progress("images", n_done, len(pictures))
    waiting: list[Block] = []
    synced_at = time.monotonic()
    try:
        with closing(_decoded(pictures, todo, shape, path, start)) as blocks:
            for block, broken in blocks:
                waiting.append((block, broken))
                n_done += _size_of(block, len(pictures))
                if time.monotonic() - synced_at > SYNC_S:
                    done |= _keep(waiting, path, journal)
                    synced_at = time.monotonic()
                progress("images", n_done, len(pictures))
    finally:
        done |= _keep(waiting, path, journal)
    return {index: reason for _, broken in sorted(done.items()) for index, reason in broken.items()}


def decode_block(
    pictures: Sequence[Picture], first: int, shape: Shape, path: Path, start: int
) -> Broken:
    """Decode some images and write them to their place in the array.

    Args:
        pictures: of the block.
        first: index of the first of them.
        shape: of each.
        path: of the array.
        start: where its data begin, in bytes.

    Returns:
        As `decode_all`.
    """
    pixels = np.zeros((len(pictures), *shape), np.uint8)
    broken = {}
    for row, picture in enumerate(pictures):
        try:
            pixels[row] = decode(picture.read(), shape)
        except (BrokenImage, OSError) as error:
            broken[first + row] = str(error)
    with path.open("r+b") as file:
        file.seek(start + first * pixels[0].nbytes)
        file.write(pixels.data)
    return broken


def serve() -> None:
    """Decode the blocks that come in, until no more do: all that a further process does."""
    while True:
        try:
            work = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(decode_block(*work), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _decoded(
    pictures: Sequence[Picture], blocks: Sequence[int], shape: Shape, path: Path, start: int
) -> Generator[Block, None, None]:
    """Yield blocks as they are written, in any order."""
    work = (
        (block, (pictures[block * BLOCK : (block + 1) * BLOCK], block * BLOCK, shape, path, start))
        for block in blocks
    )
    n_workers = min(n_cores(), len(blocks), MOST_WORKERS)
    if len(blocks) <= SERIAL_BLOCKS or n_workers == 1:
        yield from ((block, decode_block(*each)) for block, each in work)
        return
    with ExitStack() as stack:
        idle: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(n_workers):
            idle.put(stack.enter_context(_worker()))
        executor = ThreadPoolExecutor(n_workers)
        stack.callback(executor.shutdown, cancel_futures=True)
        pending: dict[Future[Broken], int] = {}
        for block, each in islice(work, 2 * n_workers):
            pending[executor.submit(_ask, idle, each)] = block
        while pending:
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                for block, each in islice(work, 1):
                    pending[executor.submit(_ask, idle, each)] = block
                yield pending.pop(future), future.result()


@contextmanager
def _worker() -> Iterator[Worker]:
    """Yield a process that `serve`s, in a session of its own: Ctrl-C reaches the first one only.

    It is talked to through pipes, and ends with them. A pool of the standard library would need
    named semaphores, which other programs may take for what somebody left behind.
    """
    start = f"import sys; sys.path.insert(0, {str(PROJECT_ROOT)!r}); "
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"{start}from data_prep.decoding import serve; serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.communicate()  # closes the pipes and waits


def _ask(idle: SimpleQueue[Worker], work: tuple[Any, ...]) -> Broken:
    """Let a process that is idle decode a block, and return what came of it."""
    process = idle.get()
    requests, answers = process.stdin, process.stdout
    try:
        if requests is None or answers is None:
            raise EOFError
        pickle.dump(work, requests)
        requests.flush()
        broken: Broken = pickle.load(answers)
        return broken
    except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
        raise OSError(
            "a process that decoded images ended before its work: see its message above, or, if "
            "there is none, it was ended from outside, perhaps for want of memory; call again to "
            "go on"
        ) from error
    finally:
        idle.put(process)


def _size_of(block: int, n_images: int) -> int:
    """Return how many images a block has."""
    return min(BLOCK, n_images - block * BLOCK)


def _allocate(path: Path, shape: tuple[int, ...]) -> int:
    """Make the array unless it is there, and return where its data begin, in bytes."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    if not path.exists():
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            n_header = file.tell()
            file.truncate(n_header + int(np.prod(shape)))
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        return file.tell()


def _read_journal(journal: Path) -> dict[int, Broken]:
    """Return the blocks that are done; a last line that was cut short is taken off."""
    if not journal.exists():
        return {}
    whole, _, cut_short = journal.read_text().rpartition("\n")
    if cut_short:
        journal.write_text(f"{whole}\n" if whole else "")
    done: dict[int, Broken] = {}
    for line in whole.splitlines():
        block, broken = json.loads(line)
        done[block] = {int(index): reason for index, reason in broken.items()}
    return done


def _keep(waiting: list[Block], path: Path, journal: Path) -> dict[int, Broken]:
    """Name the waiting blocks in the journal, once their bytes are on the disk."""
    if not waiting:
        return {}
    with path.open("r+b") as file:
        os.fsync(file.fileno())
    with journal.open("a") as file:
        file.writelines(json.dumps(block) + "\n" for block in waiting)
        file.flush()
        os.fsync(file.fileno())
    kept = dict(waiting)
    waiting.clear()
    return kept
