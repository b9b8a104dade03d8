"""Outputs of many models as arrays in a file, of which memory holds what is being looked at."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from scorer.errors import ScorerError
from scorer.files import TEMPORARY, disk_errors

ALIGNMENT = 64
"""Bytes: a line of a processor's cache, and a multiple of every dtype's size."""


def map_outputs(
    outputs: Iterable[Mapping[str, np.ndarray]], n_models: int, folder: Path
) -> dict[str, np.ndarray]:
    """Return the outputs of single models joined, what all of them have.

    The file has no name: it is gone when the last of its arrays is, or the process ends.

    Args:
        outputs: arrays by name, model by model; one model's are held at a time.
        n_models: how many there are.
        folder: on the disk that is to hold them.

    Returns:
        Read-only arrays by name, each with a first axis `n_models`.

    Raises:
        ScorerError: an array is not of one shape and dtype in all models.
        DiskError: the disk is full or not writable.
    """
    forms: dict[str, tuple[tuple[int, ...], np.dtype]] = {}
    starts: dict[str, int] = {}
    with disk_errors(folder), TemporaryFile(prefix=TEMPORARY, dir=folder) as file:
        for model, own in enumerate(outputs):
            if model == 0:
                forms = {name: (array.shape, array.dtype) for name, array in own.items()}
                starts, end = _starts(own, n_models)
                file.truncate(end)
            for name in forms.keys() - own.keys():
                del forms[name]
            for name, form in forms.items():
                array = own[name]
                if (array.shape, array.dtype) != form:
                    raise ScorerError(
                        f"`{name}` must have one shape and dtype in all models, got {form} in the"
                        f" first and {(array.shape, array.dtype)} in model {model}; give the"
                        " feature another version, and models are evaluated again"
                    )
                file.seek(starts[name] + model * array.nbytes)
                file.write(np.ascontiguousarray(array).data)
        file.flush()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return {
        name: np.ndarray((n_models, *shape), dtype, mapped, starts[name])
        for name, (shape, dtype) in forms.items()
    }


def _starts(first: Mapping[str, np.ndarray], n_models: int) -> tuple[dict[str, int], int]:
    """Return where the array of each name begins, and where the last one ends."""
    starts, end = {}, 0
    for name, array in first.items():
        starts[name] = end
        end += -(-n_models * array.nbytes // ALIGNMENT) * ALIGNMENT
    return starts, end
