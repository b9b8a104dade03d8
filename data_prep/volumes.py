"""7z archives, whole or in numbered parts, unpacked by py7zr or by the program 7z."""

from __future__ import annotations

import importlib
import importlib.util
import io
import re
import shutil
import struct
import subprocess
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from data_prep.raw import DamagedData

DONE = "unpacked"
"""File that is written once all is unpacked."""

PROGRAMS = ("7z", "7zz", "7za")
_MAGIC = b"7z\xbc\xaf\x27\x1c"
_START = struct.Struct("<6s2xIQQ4x")
_PART = re.compile(r"^(?P<base>.+\.7z)\.(?P<number>\d{3})$", re.IGNORECASE)


def is_volume(path: Path) -> bool:
    """Tell by its name whether a file is a 7z or a part of one."""
    return path.suffix.lower() == ".7z" or _PART.match(path.name) is not None


def archives(files: Sequence[Path]) -> list[list[Path]]:
    """Return the files of each archive, parts in their order.

    Args:
        files: all of them `is_volume`.
    """
    found: dict[Path, list[Path]] = {}
    for path in sorted(files):
        part = _PART.match(path.name)
        found.setdefault(path.with_name(part["base"]) if part else path, []).append(path)
    return list(found.values())


def check_whole(parts: Sequence[Path]) -> None:
    """Check that no part is missing and none cut short, without unpacking anything.

    Args:
        parts: of one archive.

    Raises:
        DamagedData: some bytes are not there, or these are not those of a 7z.
    """
    name = _PART.match(parts[0].name)
    if name:
        numbers = [int(part.name[-3:]) for part in parts]
        absent = sorted(set(range(1, max(numbers) + 1)) - set(numbers))
        if absent:
            missing = ", ".join(f"{name['base']}.{number:03d}" for number in absent)
            raise DamagedData(
                f"the parts of {name['base']} must all be there, got none of {missing}"
            )
    with parts[0].open("rb") as file:
        head = file.read(32)
    if len(head) < 32 or not head.startswith(_MAGIC):
        raise DamagedData(f"{parts[0]} must be a 7z archive, got other bytes; fetch it again")
    _, _, offset, size = _START.unpack(head)
    wanted = 32 + offset + size
    found = sum(part.stat().st_size for part in parts)
    if found < wanted:
        raise DamagedData(
            f"{parts[0].name} and what follows must have {wanted:,} bytes, got {found:,} in "
            f"{len(parts)} file(s): a part is missing, or a partial download"
        )


def unpacker() -> str:
    """Return what there is to unpack with: "py7zr" or the path of a program.

    Raises:
        ImportError: neither is there.
    """
    if importlib.util.find_spec("py7zr") is not None:
        return "py7zr"
    for program in PROGRAMS:
        path = shutil.which(program)
        if path is not None:
            return path
    raise ImportError(
        "7z archives need the package py7zr (pip install py7zr) or the program 7z, and neither is "
        "there; or fetch img_align_celeba.zip, which needs nothing"
    )


def unpack_once(volumes: Sequence[Sequence[Path]], folder: Path) -> Path:
    """Unpack archives, unless a call before has done so, and return the folder.

    Args:
        volumes: the parts of each.
        folder: where to.

    Raises:
        ImportError: see `unpacker`.
        DamagedData: one cannot be unpacked.
        OSError: the disk has too little room.
    """
    parts = [part for each in volumes for part in each]
    identity = repr([(str(part), part.stat().st_size, part.stat().st_mtime_ns) for part in parts])
    done = folder / DONE
    if done.exists() and done.read_text() == identity:
        return folder
    chosen = unpacker()
    # Images hardly shrink, so that they take about as much as the archive.
    n_bytes = sum(part.stat().st_size for part in parts)
    folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder.parent).free
    if free < n_bytes:
        raise OSError(
            f"unpacking takes some {n_bytes / 2**20:,.0f} MiB in {folder.parent}, where "
            f"{free / 2**20:,.0f} MiB are free; make room or choose another --data-dir"
        )
    shutil.rmtree(folder, ignore_errors=True)
    for number, each in enumerate(volumes):
        _unpack(each, folder / str(number), chosen)
    done.write_text(identity)
    return folder


def _unpack(parts: Sequence[Path], folder: Path, chosen: str) -> None:
    """Unpack an archive into a new folder with what `unpacker` chose."""
    folder.mkdir(parents=True)
    if chosen != "py7zr":
        command = [chosen, "x", "-y", f"-o{folder}", str(parts[0])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise DamagedData(f"{chosen} could not unpack {parts[0]}: {' '.join(said)}")
        return
    py7zr: Any = importlib.import_module("py7zr")
    try:
        with io.BufferedReader(Joined(parts)) as file, py7zr.SevenZipFile(file) as archive:
            archive.extractall(path=folder)
    except (py7zr.exceptions.ArchiveError, ValueError, EOFError) as error:
        raise DamagedData(f"py7zr could not unpack {parts[0]}: {error}") from error


class Joined(io.RawIOBase):
    """Files read as if they were one."""

    def __init__(self, parts: Sequence[Path]) -> None:
        """Open nothing yet.

        Args:
            parts: in their order.
        """
        super().__init__()
        self._parts = list(parts)
        self._starts = [0, *accumulate(part.stat().st_size for part in parts)]
        self._place = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that places in it can be gone to."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, as files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._starts[-1]}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read up to the end of the part that the place is in."""
        if self._place >= self._starts[-1]:
            return 0
        which = bisect_right(self._starts, self._place) - 1
        with self._parts[which].open("rb") as file:
            file.seek(self._place - self._starts[which])
            n_read = file.readinto(buffer)
        self._place += n_read
        return n_read
