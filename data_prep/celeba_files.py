"""What somebody fetched of CelebA, in whatever folders: found, recognised, and what is wrong told.

The drive hands out pages in place of files when too many ask, packs folders into zips of its own,
and downloads stop half-way. All of that is told at once, before any work is done.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from data_prep.pictures import BrokenImage, FilePicture, Picture, is_picture, zipped_pictures
from data_prep.raw import DamagedData
from data_prep.volumes import archives, check_whole, is_volume
from scorer.errors import UsageError

TABLES = {
    "list_attr_celeba": "list_attr_celeba.txt",
    "identity_celeba": "identity_CelebA.txt",
    "list_eval_partition": "list_eval_partition.txt",
}
"""Tables by the beginning of their names in small letters."""

ARCHIVE = "img_align_celeba.zip"
IN_THE_WILD = "img_celeba"
"""Folder of the images before they were aligned, whose files have the same names."""

_TABLE = re.compile(rf"^({'|'.join(TABLES)})( ?\(\d+\))?\.(txt|csv)$", re.IGNORECASE)
_IMAGE = re.compile(r"^\d{6}\.(jpg|png)$", re.IGNORECASE)
_UNFINISHED = (".part", ".crdownload", ".download", ".partial", ".tmp")


@dataclass
class Found:
    """What is there.

    Attributes:
        tables: content and shown name of each table, by the beginning of its name.
        pictures: images by kind ("jpg" or "png"), then by the number in their name.
        zips: zips with images.
        volumes: 7z archives, the parts of each.
        problems: what is wrong, a line each.
        doubts: what is wrong with files whose names say nothing of CelebA: they may be of it, and
            matter where something is missing.
    """

    tables: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    pictures: dict[str, dict[str, Picture]] = field(default_factory=dict)
    zips: list[Path] = field(default_factory=list)
    volumes: list[list[Path]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add_problem(self, path: Path, said: str) -> None:
        """Add what is wrong with a file."""
        (self.problems if _is_of_celeba(path) else self.doubts).append(said)

    def add_picture(self, picture: Picture) -> None:
        """Add an image, unless it is one in the wild or there already."""
        path = PurePosixPath(picture.name.replace("\\", "/"))
        if _IMAGE.match(path.name) and IN_THE_WILD not in path.parts[:-1]:
            kind = self.pictures.setdefault(path.suffix[1:].lower(), {})
            kind.setdefault(path.stem, picture)

    def most_pictures(self) -> dict[str, Picture]:
        """Return the images of the kind that there are most of, by their number."""
        kinds = sorted(self.pictures.values(), key=len)
        return kinds[-1] if kinds else {}


def find(paths: Sequence[Path]) -> Found:
    """Return what is in files and folders, and in the zips among them.

    Args:
        paths: files, or folders that are looked through.

    Raises:
        UsageError: one is not there.
    """
    absent = [path for path in paths if not path.exists()]
    if absent:
        raise UsageError(f"what was fetched of CelebA must be there, got no {absent[0]}")
    found = Found()
    volumes = []
    below = {
        each: str(each.relative_to(top) if top.is_dir() else each.name).lower()
        for top in paths
        for each in _files(top)
    }
    # Of two files with one name that is taken whose folders speak of CelebA.
    for path in sorted(below, key=lambda each: ("celeba" not in below[each], each)):
        name = path.name.lower()
        if name.endswith(_UNFINISHED):
            found.add_problem(path, f"{path}: a download that has not ended")
        elif _TABLE.match(name) or path.suffix == ".zip" or is_volume(path):
            page = _page(path)
            if page is not None:
                found.add_problem(
                    path,
                    f"{path}: a web page ({page}) in place of the file, which the drive sends"
                    " where it asks something or its quota is used up; fetch it again later",
                )
            elif is_volume(path):
                volumes.append(path)
            elif path.suffix == ".zip":
                _look_into(path, found)
            else:
                _add_table(name, path.read_bytes(), str(path), found)
        elif is_picture(path.name):
            found.add_picture(FilePicture(str(path)))
    for parts in archives(volumes):
        try:
            check_whole(parts)
            found.volumes.append(parts)
        except DamagedData as error:
            found.add_problem(parts[0], str(error))
    return found


def _is_of_celeba(path: Path) -> bool:
    """Tell by its name whether a file is one of CelebA's."""
    name = path.name.lower()
    return "celeba" in name or name.startswith("list_eval_partition")


def _files(top: Path) -> Iterator[Path]:
    """Yield the files in a folder and below, or the file itself."""
    if top.is_dir():
        yield from (path for path in top.rglob("*") if path.is_file())
    else:
        yield top


def _page(path: Path) -> str | None:
    """Return the title of a web page, None where a file is none."""
    with path.open("rb") as file:
        head = file.read(65536).lstrip()
    if not re.match(rb"(<!doctype html|<html|<head|<\?xml)", head, re.IGNORECASE):
        return None
    title = re.search(rb"<title[^>]*>(.*?)</title>", head, re.IGNORECASE | re.DOTALL)
    return " ".join(title[1].decode(errors="replace").split())[:60] if title else "without a title"


def _look_into(path: Path, found: Found) -> None:
    """Add the images and tables in a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            for picture in zipped_pictures(archive, path):
                found.add_picture(picture)
                if path not in found.zips and _IMAGE.match(PurePosixPath(picture.name).name):
                    found.zips.append(path)
            for entry in archive.infolist():
                base = PurePosixPath(entry.filename).name
                if _TABLE.match(base):
                    _add_table(base, archive.read(entry), f"{path}:{entry.filename}", found)
                elif base.lower() == ARCHIVE or is_volume(Path(base)):
                    found.problems.append(f"{path}: unpack it, {entry.filename} is packed in it")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, BrokenImage) as error:
        with path.open("rb") as file:
            begins = file.read(4) == b"PK\x03\x04"
        size = f"{path.stat().st_size:,} bytes"
        found.add_problem(
            path,
            f"{path}: {size} of a zip whose end is missing: a partial download; fetch it again"
            if begins and isinstance(error, zipfile.BadZipFile)
            else f"{path}: {size} that are no zip to read ({error}); fetch it again",
        )


def _add_table(name: str, content: bytes, where: str, found: Found) -> None:
    """Add a table unless there is one of its name already."""
    match = _TABLE.match(name)
    if match:
        found.tables.setdefault(match[1].lower(), (content, where))
