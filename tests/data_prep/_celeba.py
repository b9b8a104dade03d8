"""A small CelebA of drawn faces, in the file names and layouts that the real one is found in."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from data_prep.celeba_checks import Published
from data_prep.celeba_tables import ATTRIBUTES

N_IMAGES, N_IDENTITIES, N_TEST_IDENTITIES = 300, 30, 5
SMILING = ATTRIBUTES.index("Smiling")
BY_PERSON = np.arange(N_IMAGES) % N_IDENTITIES
"""Person in each image; the last ones are those of the official test set."""

Files = dict[str, bytes]


def attributes() -> np.ndarray:
    """Return `(n, 40)` of -1 and 1."""
    return np.random.default_rng(3).choice([-1, 1], (N_IMAGES, len(ATTRIBUTES)))


def face(index: int, size: tuple[int, int] = (178, 218), kind: str = "JPEG") -> bytes:
    """Return a face whose colour is the person's, and whose mouth smiles or does not."""
    colours = np.random.default_rng(int(BY_PERSON[index])).integers(60, 255, (3, 3))
    image = Image.new("RGB", (178, 218), tuple(colours[0].tolist()))
    draw = ImageDraw.Draw(image)
    draw.ellipse((35, 45, 143, 185), fill=tuple(colours[1].tolist()))
    smiles = attributes()[index, SMILING] > 0
    draw.arc((60, 110, 118, 160), *((20, 160) if smiles else (200, 340)), fill=0, width=7)
    noise = np.random.default_rng(index).integers(-8, 9, (218, 178, 3))
    pixels = (np.asarray(image).astype(int) + noise).clip(0, 255).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(content, kind, quality=90)
    return content.getvalue()


def name_of(index: int, kind: str = "jpg") -> str:
    """Return the name of an image: they count from 1."""
    return f"{index + 1:06d}.{kind}"


def tables() -> Files:
    """Return the three tables as text."""
    values = attributes()
    rows = [f"{name_of(i)} {' '.join(f'{v:2d}' for v in row)}" for i, row in enumerate(values)]
    people = [f"{name_of(i)} {person + 1}" for i, person in enumerate(BY_PERSON)]
    last = N_IDENTITIES - 1 - BY_PERSON
    parts = np.select([last < N_TEST_IDENTITIES, last < N_TEST_IDENTITIES + 3], [2, 1], 0)
    partition = [f"{name_of(i)} {part}" for i, part in enumerate(parts)]
    lines = {
        "list_attr_celeba.txt": [str(N_IMAGES), " ".join(ATTRIBUTES) + " ", *rows],
        "identity_CelebA.txt": people,
        "list_eval_partition.txt": partition,
    }
    return {name: ("\n".join(it) + "\n").encode() for name, it in lines.items()}


def as_csv(content: bytes, header: str) -> bytes:
    """Return a table as the copies in CSV have it."""
    lines = content.decode().splitlines()
    if header == "attributes":
        header, lines = ",".join(["image_id", *ATTRIBUTES]), lines[2:]
    return "\n".join([header, *(",".join(line.split()) for line in lines)]).encode()


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, each in files.items():
            archive.writestr(name, each)
    return content.getvalue()


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files, with the folders in their names."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def published(archive: bytes) -> Published:
    """Return what to expect where this is the published zip of images."""
    files = {**tables(), "img_align_celeba.zip": archive}
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    return Published(N_IMAGES, N_IDENTITIES, len(archive), md5)
