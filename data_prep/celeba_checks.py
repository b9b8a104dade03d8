"""Whether what was found of CelebA is all of it, and what was published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from data_prep.celeba_files import ARCHIVE, TABLES, Found
from data_prep.celeba_tables import Table, read_attributes, read_identities, read_partition
from data_prep.pictures import BrokenImage, Picture, size_and_mode
from data_prep.raw import DamagedData, MissingData
from data_prep.sets import MAX_NAMED, listed

ORIGINAL_SIZE = (178, 218)
"""Width and height of the aligned images."""

N_SAMPLED = 20
"""Images whose size is looked at beforehand."""

_md5 = partial(hashlib.md5, usedforsecurity=False)

_READERS = {
    "list_attr_celeba": read_attributes,
    "identity_celeba": read_identities,
    "list_eval_partition": read_partition,
}


@dataclass(frozen=True)
class Published:
    """What the published files have.

    Attributes:
        n_images: rows of every table.
        n_identities: different people.
        archive_bytes: size of the zip of images.
        md5: of files, by name.
    """

    n_images: int
    n_identities: int
    archive_bytes: int
    md5: Mapping[str, str]


PUBLISHED = Published(
    n_images=202_599,
    n_identities=10_177,
    archive_bytes=1_443_490_838,
    md5={
        "img_align_celeba.zip": "00d2c5bc6d35e252742224ab0c1e8fcb",
        "list_attr_celeba.txt": "75e246fa4810816ffd6ee81facbd244c",
        "identity_CelebA.txt": "32bd1bd63d3c78cd57e08160ec5ed1e2",
        "list_eval_partition.txt": "d32c9cbf5e040fd4025c592c306e6668",
    },
)
"""MD5s as torchvision lists them."""


def read_tables(found: Found, published: Published) -> dict[str, Table]:
    """Return the three tables by the beginning of their names, once nothing is wrong or missing.

    Raises:
        MissingData: a table or the images are not there.
        DamagedData: a file is a web page, cut short or another than it should be.
    """
    problems, tables = list(found.problems), {}
    for name, (content, where) in found.tables.items():
        try:
            tables[name] = _READERS[name](content, where)
            n_rows = len(tables[name].images)
            if n_rows != published.n_images:
                problems.append(
                    f"{where}: {n_rows:,} rows in place of {published.n_images:,}; fetch it again"
                )
        except DamagedData as error:
            problems.append(str(error))
    absent = [file for name, file in TABLES.items() if name not in found.tables]
    if not found.pictures and not found.volumes:
        absent.insert(0, f"{ARCHIVE} (or the parts img_align_celeba_png.7z.001 and so on)")
    if absent or not (found.volumes or len(found.most_pictures()) >= published.n_images):
        problems += found.doubts
    if problems or absent:
        lines = [*problems, *(f"{file}: not there" for file in absent)]
        text = "CelebA cannot be prepared:\n" + "\n".join(f"  {line}" for line in lines)
        raise (DamagedData if problems else MissingData)(text)
    _check_agreement(tables, published)
    return tables


def missing_pictures(found: Found, names: Sequence[str]) -> None:
    """Check that every image of the tables is there.

    Raises:
        DamagedData: some are not.
    """
    there = found.most_pictures()
    absent = [name for name in names if Path(name).stem not in there]
    if absent:
        raise DamagedData(
            f"CelebA must have {len(names):,} images, but {len(absent):,} are not there: "
            f"{listed(absent[:MAX_NAMED], len(absent))}; fetch {ARCHIVE} again, or give the "
            "missing parts too"
        )


def check_sizes(pictures: Sequence[Picture]) -> None:
    """Check that images are the aligned ones, by the size of some.

    Raises:
        DamagedData: one has another size, or is no image.
    """
    for index in np.linspace(0, len(pictures) - 1, min(N_SAMPLED, len(pictures)), dtype=int):
        try:
            size = size_and_mode(pictures[index])[:2]
        except BrokenImage as error:
            raise DamagedData(f"{pictures[index].name} must be an image: {error}") from error
        if size != ORIGINAL_SIZE:
            raise DamagedData(
                f"CelebA's aligned images have {ORIGINAL_SIZE[0]} x {ORIGINAL_SIZE[1]} pixels, "
                f"{pictures[index].name} has {size[0]} x {size[1]}; take {ARCHIVE}, not the images "
                "in the wild (img_celeba.7z)"
            )


def verify(found: Found, published: Published) -> tuple[list[str], list[str]]:
    """Compare files with the published MD5s.

    Returns:
        Names of those that agree, and a line for each that does not: tables whose counts are
        right and zips that somebody packed anew.

    Raises:
        DamagedData: the zip of images has the published size and other bytes.
    """
    verified, notes = [], []
    for name, file in TABLES.items():
        content, where = found.tables[name]
        if _md5(content).hexdigest() == published.md5[file]:
            verified.append(file)
        else:
            notes.append(f"{where} is not the published file by its MD5; what it holds adds up")
    for path in found.zips:
        with path.open("rb") as file_:
            digest = hashlib.file_digest(file_, _md5).hexdigest()
        if digest == published.md5[ARCHIVE]:
            verified.append(ARCHIVE)
        elif path.stat().st_size == published.archive_bytes:
            raise DamagedData(
                f"{path} must have MD5 {published.md5[ARCHIVE]}, got {digest}; fetch it again"
            )
        else:
            notes.append(f"{path} is not the published zip; its images are checked by CRC-32")
    if not found.zips:
        notes.append("the images come without a published checksum")
    return verified, notes


def _check_agreement(tables: Mapping[str, Table], published: Published) -> None:
    """Raise DamagedData unless the tables list the same images and as many people as published."""
    attributes = tables["list_attr_celeba"]
    for name, table in tables.items():
        if table.images != attributes.images:
            raise DamagedData(
                f"{TABLES[name]} must list the images of {TABLES['list_attr_celeba']} in the same "
                "order, and does not; fetch both again"
            )
    n_identities = len(np.unique(tables["identity_celeba"].values))
    if n_identities != published.n_identities:
        raise DamagedData(
            f"{TABLES['identity_celeba']} must name {published.n_identities:,} different people, "
            f"got {n_identities:,}; fetch it again"
        )
