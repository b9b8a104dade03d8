"""Arrays of confidences that somebody made elsewhere, read from files that may be anything."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from scorer.errors import NUMPY_DAMAGE, UsageError
from scorer.files import Damaged, DiskError, read_regular
from scorer.metric.arrays import MIN_MODELS, FloatArray, check_bank

LARGEST = 1e100
"""Size of a value beyond which sums and squares over models may overflow; logits end at 1e39."""

PROBABILITIES = (
    "all values lie in [0, 1], as probabilities do and logit-scaled confidences do not; rule {rule}"
    " measures in logits: give log p - log(1 - p), or take rule exact, which has no unit"
)

TWO_MODELS = (
    f"with N={MIN_MODELS} models F is 0 by construction, whatever they are: no epsilon earns"
    " points; take more models"
)


def load_bank(path: Path, role: str) -> FloatArray:
    """Return the bank of confidences in a file.

    Args:
        path: an .npy; or an .npz of one array, or one that holds `<role>_confidence` among others,
            as those of records do.
        role: "unlearned" or "oracle".

    Returns:
        float64 `(n_models, n_examples)`.

    Raises:
        UsageError: it holds no such array; nothing pickled is read.
    """
    array = _load(path, f"{role}_confidence")
    try:
        bank = check_bank(role, array)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error
    largest = float(np.abs(bank).max())
    if largest > LARGEST:
        raise UsageError(
            f"{path}: `{role}` must hold logit-scaled confidences, up to {LARGEST:g} in size, got"
            f" {largest:g}; leave out or mend what overflowed"
        )
    return bank


def _load(path: Path, name: str) -> np.ndarray:
    """Return an array of a file, the one of that name where there are several."""
    requirement = f"{path} must be an .npy file of numbers, or an .npz of them"
    try:
        loaded = np.load(io.BytesIO(read_regular(path.resolve())), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            names = loaded.files
            chosen = name if name in names or len(names) != 1 else names[0]
            if chosen in names:
                return np.asarray(loaded[chosen])
    except (Damaged, DiskError) as error:
        raise UsageError(f"{requirement}: {error}") from error
    except zipfile.BadZipFile as error:
        raise UsageError(f"{requirement}, got a damaged or shortened .npz: {error}") from error
    except NUMPY_DAMAGE as error:
        raise UsageError(f"{requirement}: {error}") from error
    raise UsageError(
        f"{path} must hold one array, or one that is named {name}, got"
        f" {', '.join(names) or 'none'}; save the one that is meant as an .npy"
    )


def doubts(*banks: FloatArray, rule: str, is_in_doubt: bool) -> list[str]:
    """Return what makes an F of these banks doubtful whatever it is, a sentence each.

    Args:
        banks: `(n_models, n_examples)` each.
        rule: its name.
        is_in_doubt: whether it measures in logits, and nothing was said of their spread, which
            is small where they are probabilities.
    """
    found = []
    if is_in_doubt and all(bank.min() >= 0 and bank.max() <= 1 for bank in banks):
        found.append(PROBABILITIES.format(rule=rule))
    if len(banks[0]) == MIN_MODELS:
        found.append(TWO_MODELS)
    return found
