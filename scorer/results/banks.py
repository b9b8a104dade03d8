"""The confidences that a record was made of, out of the arrays beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scorer.errors import ScorerError
from scorer.metric.arrays import FloatArray, IntArray, check_banks
from scorer.results.record import Record, arrays_path, read_arrays

BANKS = ("unlearned_confidence", "oracle_confidence")


@dataclass(frozen=True, eq=False)
class Banks:
    """What tests and comparisons need of a record.

    Attributes:
        unlearned: `(n_models, n_examples)` confidences.
        oracle: the same of the oracles.
        originals: `(n_models,)` of the runs; None for models of no original, and in records older
            than the designs with several runs of several originals.
    """

    unlearned: FloatArray
    oracle: FloatArray
    originals: IntArray | None


def banks_in(arrays: Mapping[str, np.ndarray], where: str) -> Banks:
    """Return the confidences of a record's unlearned models and of its oracles.

    Args:
        arrays: of the record.
        where: what they are called in the message.

    Raises:
        ScorerError: they are missing, or no two banks of one shape.
    """
    try:
        return Banks(*check_banks(*(arrays[name] for name in BANKS)), arrays.get("originals"))
    except (KeyError, ValueError) as error:
        raise ScorerError(
            f"{where} must hold the arrays {' and '.join(BANKS)}, got: {error}; score the method"
            " again"
        ) from error


def read_banks(record: Record, results_dir: Path) -> Banks:
    """Return the banks of a record from its file.

    Raises:
        ScorerError: they are missing, damaged or no two banks of one shape.
    """
    return banks_in(read_arrays(record, results_dir), str(arrays_path(record, results_dir)))
