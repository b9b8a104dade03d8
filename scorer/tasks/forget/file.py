"""Listed in a file: the examples whose numbers somebody wrote down."""

from __future__ import annotations

import hashlib
import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data_prep import Split, forget_given
from scorer.errors import NUMPY_DAMAGE, UsageError
from scorer.files import Damaged, DiskError, read_regular
from scorer.tasks.forget.base import Material
from scorer.tasks.forget.typed import TypedForgetSet

MOST_BYTES = 2**28
DIGITS_SHOWN = 16
"""Of the SHA-256 of the indices, as a file is named by in records."""

WHAT_TO_DO = (
    "write whole numbers from 0 with spaces, commas or line breaks between, or save a vector of"
    " integers as .npy"
)


@dataclass(frozen=True)
class File(TypedForgetSet):
    """The examples that a file lists; what counts is which they are, not where the file lies.

    Attributes:
        indices: into the data set in its published order, ascending.
    """

    name: ClassVar[str] = "file"
    summary: ClassVar[str] = "the examples whose indices a file lists, as .npy or text"
    forms: ClassVar[tuple[str, ...]] = ("file:PATH",)
    is_fixed: ClassVar[bool] = True

    indices: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> File:
        """Return what the file at a path lists.

        Raises:
            UsageError: it cannot be read, lists nothing or something twice, or is no list.
        """
        if not text:
            raise UsageError(f"--forget {cls.forms[0]} must name a file; {WHAT_TO_DO}")
        # A link of the user's own is followed: only what it leads to has to be a file.
        path = Path(os.path.realpath(os.path.expanduser(text)))  # noqa: PTH111 - raises nothing
        try:
            content = read_regular(path, MOST_BYTES)
        except (Damaged, DiskError) as error:
            message = f"--forget {cls.forms[0]} must name a file that can be read: {error}"
            raise UsageError(message) from error
        values = _of_array(content, path) if path.suffix == ".npy" else _of_text(content, path)
        unique = np.unique(values)
        if not values.size or unique.size < values.size:
            got = f"{values.size - unique.size} of them twice" if values.size else "none"
            raise UsageError(f"{path} must list indices, each of them once, got {got}")
        return cls(tuple(unique.tolist()))

    @property
    def spec(self) -> str:
        """Return "file:" and the beginning of the indices' SHA-256."""
        content = np.array(self.indices, dtype="<i8").tobytes()
        return f"file:{hashlib.sha256(content).hexdigest()[:DIGITS_SHOWN]}"

    @property
    def size(self) -> int:
        """Return the number of examples to forget."""
        return len(self.indices)

    def split(self, material: Material) -> Split:
        """Return the four sets; what is listed is in none but train.

        Raises:
            UsageError: one is no example, or can never be trained on.
        """
        n_examples, parts = len(material.raw.labels), material.partition()
        forget = np.array(self.indices, dtype=np.int64)
        outside = forget[(forget < 0) | (forget >= n_examples)]
        if outside.size:
            raise UsageError(
                f"indices must be from 0 to {n_examples - 1}, got {outside.size} that are not, such"
                f" as {outside[:3].tolist()}"
            )
        lost = np.setdiff1d(forget, material.trainable(parts))
        if lost.size:
            raise UsageError(
                "indices must be of examples that models are trained on, got"
                f" {lost.size} of the official test set, of its subjects, or of exact copies, which"
                f" are dropped, such as {lost[:3].tolist()}"
            )
        return forget_given(material.partition_with(forget, parts), forget)


def _of_array(content: bytes, path: Path) -> NDArray[np.int64]:
    """Return the indices in a NumPy file."""
    try:
        values = np.load(io.BytesIO(content), allow_pickle=False)
    except NUMPY_DAMAGE as error:
        raise UsageError(f"{path} must be a NumPy array: {error}; {WHAT_TO_DO}") from error
    is_vector = isinstance(values, np.ndarray) and values.ndim == 1
    if not (is_vector and np.issubdtype(values.dtype, np.integer)):
        got = f"{values.dtype} of shape {values.shape}" if hasattr(values, "dtype") else "many"
        raise UsageError(f"{path} must hold a vector of integers, got {got}; {WHAT_TO_DO}")
    return np.asarray(values, dtype=np.int64)


def _of_text(content: bytes, path: Path) -> NDArray[np.int64]:
    """Return the indices in a text."""
    words = re.findall(r"[^\s,]+", content.decode(errors="replace"))
    wrong = next((word for word in words if not re.fullmatch(r"[0-9]{1,18}", word)), None)
    if wrong is not None:
        raise UsageError(f"{path} must list whole numbers, got {wrong[:40]!r}; {WHAT_TO_DO}")
    return np.array(words, dtype=np.int64)
