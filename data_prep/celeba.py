"""CelebA: 202,599 aligned faces of 10,177 people with 40 attributes, fetched by hand.

`python -m data_prep celeba --archive PATH...` makes of what the official drive hands out one array
of 64 x 64 images. An attribute is the label, `Smiling` where none is named: `celeba-Young` is the
same data set with another one. The official test set has nobody in common with the rest.

Reference: Z. Liu, P. Luo, X. Wang and X. Tang, Deep Learning Face Attributes in the Wild, ICCV
2015. The images may be used for research that is not commercial.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data_prep.celeba_checks import (
    PUBLISHED,
    Published,
    check_sizes,
    missing_pictures,
    read_tables,
    verify,
)
from data_prep.celeba_files import ARCHIVE, TABLES, find
from data_prep.celeba_tables import ATTRIBUTES
from data_prep.decoding import Progress
from data_prep.elsewhere import told_missing
from data_prep.pictures import pictures_sha256
from data_prep.prepared import VALUE_RANGE, BrokenImages, is_prepared, prepare, read_prepared
from data_prep.raw import MissingData, RawData
from data_prep.volumes import unpack_once

VARIANTS = ATTRIBUTES
DEFAULT = "Smiling"
FOLDER, UNPACKED = "celeba_64x64", ".celeba_unpacked"
SHAPE = (3, 64, 64)
COMMAND = "python -m data_prep celeba --archive PATH"
OF_TEST = 2
"""In the numbers of the partition."""


def load(data_dir: Path, attribute: str = DEFAULT) -> RawData:
    """Return CelebA as `prepare_archive` left it.

    Args:
        data_dir: the folder that holds `celeba_64x64/`.
        attribute: the label, one of `ATTRIBUTES`: 1 where an image has it.

    Raises:
        MissingData: it is not there.
        DamagedData: an array is not the one that was written.
    """
    folder = data_dir / FOLDER
    if not is_prepared(folder):
        to_do = (
            f"Fetch {ARCHIVE} and {', '.join(TABLES.values())} from the official drive by hand and "
            f"run `{COMMAND} --data-dir {shlex.quote(str(data_dir))}`"
        )
        raise MissingData(told_missing("celeba", folder, data_dir, to_do))
    prepared = read_prepared(folder, f"run `{COMMAND}`")
    labels = prepared.arrays["attributes"][:, ATTRIBUTES.index(attribute)]
    return RawData(
        name="celeba",
        images=prepared.images,
        labels=labels.astype(np.int64),
        n_classes=2,
        is_official_test=prepared.arrays["is_official_test"],
        mean=tuple(prepared.facts["mean"]),
        std=tuple(prepared.facts["std"]),
        value_range=VALUE_RANGE,
        source=f"{prepared.facts['source']}, label {attribute}",
        subjects=prepared.arrays["subjects"],
    )


def prepare_archive(
    paths: Sequence[Path], data_dir: Path, progress: Progress, published: Published = PUBLISHED
) -> list[str]:
    """Check what was fetched of CelebA, then decode the images; a stopped call is gone on with.

    Args:
        paths: files and folders that hold, between them, the images (zip, 7z parts or loose) and
            the three tables.
        data_dir: created where needed.
        progress: called with ("images", done, total).
        published: what to expect.

    Returns:
        What is not the published file and yet in order, a line each.

    Raises:
        MissingData: a file is not there.
        DamagedData: one is not what was published; all that is wrong is named.
        ImportError: 7z parts, and nothing to unpack them with.
        OSError: the disk has too little room.
    """
    found = find(paths)
    tables = read_tables(found, published)
    unpacked = None
    if found.volumes and len(found.most_pictures()) < published.n_images:
        unpacked = unpack_once(found.volumes, data_dir / UNPACKED)
        found.pictures = find([unpacked]).pictures
    names = tables["list_attr_celeba"].images
    missing_pictures(found, names)
    verified, notes = verify(found, published)
    by_number = found.most_pictures()
    pictures = [by_number[Path(name).stem] for name in names]
    check_sizes(pictures)
    source = f"CelebA, verified by MD5: {', '.join(verified) or 'no file'}; {SHAPE[1]} x {SHAPE[2]}"
    arrays = {
        "attributes": tables["list_attr_celeba"].values.astype(np.uint8),
        "subjects": tables["identity_celeba"].values[:, 0],
        "is_official_test": tables["list_eval_partition"].values[:, 0] == OF_TEST,
    }
    made_from = {
        "pictures": pictures_sha256(pictures),
        "tables": {name: hashlib.sha256(content).hexdigest()
                   for name, (content, _) in found.tables.items()},
        "shape": SHAPE,
        "source": source,
    }  # fmt: skip
    try:
        prepare(data_dir / FOLDER, pictures, SHAPE, arrays, made_from, {"source": source}, progress)
    except BrokenImages as error:
        raise BrokenImages(f"{error}; fetch the archive again") from error
    if unpacked is not None:
        shutil.rmtree(unpacked)
    return notes
