"""The three tables of CelebA: attributes, identities and partition of every image.

They come as text, `000001.jpg` and values between blanks, or as CSV with a header; the table of
attributes has their names on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.raw import DamagedData

ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs",
    "Big_Lips", "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows",
    "Chubby", "Double_Chin", "Eyeglasses", "Goatee", "Gray_Hair", "Heavy_Makeup",
    "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes", "No_Beard",
    "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns",
    "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat",
    "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)  # fmt: skip

CHUNK = 4096
"""Rows taken apart together."""

N_PARTS = 3
"""Train, val and test, in the numbers of the partition."""


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        images: name of the image in each row.
        values: `(n, columns)` int64.
    """

    images: list[str]
    values: NDArray[np.int64]


def read_attributes(content: bytes, where: str) -> Table:
    """Return the 40 attributes of each image, 0 or 1.

    Args:
        content: of the file.
        where: its name in messages.

    Raises:
        DamagedData: it is not a table of these attributes.
    """
    lines = _lines(content, where)
    # Some copies have the count above the names, others the word image_id before them.
    n_named = int(lines.pop(0)) if lines[0].strip().isdecimal() else None
    names = [name for name in (lines.pop(0) if lines else "").split() if name != "image_id"]
    if tuple(names) != ATTRIBUTES:
        raise DamagedData(
            f"{where} must name CelebA's {len(ATTRIBUTES)} attributes on top, got "
            f"{' '.join(names)[:80]!r}"
        )
    table = _table(lines, len(ATTRIBUTES), where)
    if n_named is not None and n_named != len(table.images):
        raise DamagedData(
            f"{where} must have the {n_named:,} rows that its first line names, got "
            f"{len(table.images):,}: a partial download; fetch it again"
        )
    if not np.isin(table.values, (-1, 0, 1)).all():
        raise DamagedData(f"{where} must hold -1 or 1 for each attribute, got other values")
    return Table(table.images, (table.values > 0).astype(np.int64))


def read_identities(content: bytes, where: str) -> Table:
    """Return the number of the person in each image, `(n, 1)`; see `read_attributes`."""
    return _table(_lines(content, where), 1, where)


def read_partition(content: bytes, where: str) -> Table:
    """Return 0, 1 or 2 for train, val and test, `(n, 1)`; see `read_attributes`."""
    table = _table(_lines(content, where), 1, where)
    if not np.isin(table.values, range(N_PARTS)).all():
        raise DamagedData(f"{where} must hold 0, 1 or 2 for each image, got other values")
    return table


def _lines(content: bytes, where: str) -> list[str]:
    """Return the lines that hold something, with blanks between their words."""
    try:
        text = content.decode("utf-8-sig").replace(",", " ")
    except UnicodeDecodeError as error:
        raise DamagedData(f"{where} must be a text file ({error}); fetch it again") from error
    found = [line for line in text.splitlines() if line.strip()]
    if not found:
        raise DamagedData(f"{where} must be a table, got an empty file; fetch it again")
    return found


def _table(lines: list[str], n_columns: int, where: str) -> Table:
    """Return rows of an image's name and so many whole numbers."""
    rows = lines[1:] if lines and lines[0].split()[0] == "image_id" else lines
    images: list[str] = []
    chunks: list[NDArray[np.int64]] = []
    # In chunks: the words of all attributes of CelebA would take 600 MB.
    for first in range(0, len(rows), CHUNK):
        words = [row.split() for row in rows[first : first + CHUNK]]
        ragged = next((i for i, each in enumerate(words) if len(each) != n_columns + 1), None)
        if ragged is not None:
            raise DamagedData(
                f"{where} must have an image and {n_columns} value(s) in each row, got "
                f"{' '.join(words[ragged])[:60]!r} in row {first + ragged + 1:,} of {len(rows):,}: "
                "not the file that was published, or a partial download; fetch it again"
            )
        try:
            chunks.append(np.array([each[1:] for each in words], dtype=np.int64))
        except ValueError as error:
            raise DamagedData(
                f"{where} must hold whole numbers: {error}; fetch it again"
            ) from error
        images += [each[0] for each in words]
    if not chunks:
        raise DamagedData(f"{where} must have rows, got none; fetch it again")
    return Table(images, np.concatenate(chunks))
