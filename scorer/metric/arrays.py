"""Checks of the arrays that enter the metric."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MIN_MODELS = 2

REAL = "iuf"
"""Kinds of NumPy's dtypes that are numbers on a line."""

KINDS = {
    "b": "truth values",
    "c": "complex numbers",
    "M": "dates",
    "m": "durations",
    "S": "bytes",
    "U": "text",
    "O": "objects",
    "V": "records",
}
"""What the other kinds hold, for messages."""


def check_bank(name: str, confidences: ArrayLike) -> FloatArray:
    """Return one bank of confidences as float64, or say what is wrong with it.

    Args:
        name: what the array is called in the message.
        confidences: `(n_models, n_examples)`, finite, at least 2 models and 1 example.

    Returns:
        float64 `(n_models, n_examples)`; the input itself where it already is that.

    Raises:
        ValueError: wrong rank, too few models, no example, not numeric, NaN or infinity.
    """
    requirement = f"`{name}` must be a real-valued array of shape (n_models, n_examples)"
    try:
        given = np.asarray(confidences)
        if given.dtype.kind not in REAL:
            # Dates, texts, truth values and records would all become some number.
            raise TypeError(f"{KINDS.get(given.dtype.kind, 'values')} of dtype {given.dtype}")
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{requirement}, got something that is not ({error})") from error
    if array.ndim != 2:
        raise ValueError(
            f"`{name}` must have shape (n_models, n_examples), got {array.shape}; "
            "pass one row for each model, one column for each example"
        )
    if array.shape[0] < MIN_MODELS:
        raise ValueError(
            f"`{name}` must hold at least {MIN_MODELS} models, got {array.shape[0]} in shape "
            f"{array.shape}; a distribution cannot be read from fewer"
        )
    if array.shape[1] < 1:
        raise ValueError(f"`{name}` must hold at least 1 example, got shape {array.shape}")
    finite = np.isfinite(array)
    if not finite.all():
        broken = np.argwhere(~finite)
        model, example = broken[0]
        raise ValueError(
            f"`{name}` must be finite, got {len(broken)} NaN or infinite of {array.size} values, "
            f"the first at model {model}, example {example}; "
            "leave out the runs that failed and report them"
        )
    return array


def check_banks(unlearned: ArrayLike, oracle: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two banks of equal shape as float64, see `check_same_shape`."""
    unlearned_bank, oracle_bank = check_same_shape(unlearned=unlearned, oracle=oracle)
    return unlearned_bank, oracle_bank


def check_same_shape(**banks: ArrayLike) -> list[FloatArray]:
    """Return banks as float64, each of the shape of the last.

    Args:
        banks: `(n_models, n_examples)` confidences, by what they are called in the message.

    Returns:
        All of them, in the order given.

    Raises:
        ValueError: one is not a bank (see `check_bank`), or shapes differ.
    """
    checked = {name: check_bank(name, bank) for name, bank in banks.items()}
    last, reference = [*checked.items()][-1]
    for name, bank in checked.items():
        if bank.shape != reference.shape:
            raise ValueError(
                f"`{name}` and `{last}` must have the same shape (n_models, n_examples), got "
                f"{bank.shape} and {reference.shape}; epsilon depends on the number of models, so "
                "compare equal numbers"
            )
    return [*checked.values()]


def check_fraction(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1, or raise ValueError."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"`{name}` must be in (0, 1), got {value}")
    return float(value)


def check_positive(name: str, value: int) -> int:
    """Return a count of at least 1, or raise ValueError."""
    if value < 1:
        raise ValueError(f"`{name}` must be at least 1, got {value}")
    return int(value)
