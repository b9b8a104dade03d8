"""Margins of published models in the layout of EasyDUB, as banks that our rules score.

    margins/cifar10/oracle/forget_<set>/forget/resnet9/id_<model>_epoch_<epoch>.npy
    margins/cifar10/pretrain/forget_<set>/resnet9/id_<model>_epoch_<epoch>.npy
    forget_sets/cifar10/forget_set_<set>.npy

A margin is the logit of the true class less the log-sum-exp of the others: what is called the
logit-scaled confidence here. Source: https://github.com/easydub/EasyDUB-code
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scorer.errors import NUMPY_DAMAGE, UsageError
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import Rule

DATA_SET, NETWORK = "cifar10", "resnet9"
FORGET_SET = re.compile(r"forget_(\d+)")
MODEL = re.compile(r"id_(\d+)_epoch_(\d+)\.npy")

MOST_CONFIDENT = 100.0
"""Margins are cut off there: where probabilities underflow they are infinite."""


@dataclass(frozen=True)
class ForgetSetMargins:
    """Banks of one forget set.

    Attributes:
        number: of the set.
        oracle: `(n_models, n_examples)` confidences of half of the models retrained without it.
        control: of the other half: scored against the first, it is the ceiling.
        original: of models trained with it, as many.
    """

    number: int
    oracle: np.ndarray
    control: np.ndarray
    original: np.ndarray

    def write(self, folder: Path) -> Path:
        """Write the banks as `.npy` files that `metric` takes, and return their folder."""
        own = folder / f"forget_{self.number}"
        own.mkdir(parents=True, exist_ok=True)
        for name in ("oracle", "control", "original"):
            np.save(own / f"{name}.npy", getattr(self, name))
        return own

    def qualities(self, rule: Rule) -> dict[str, float]:
        """Return F of the originals, which forgot nothing, and the ceiling."""
        return {
            "original": forgetting_quality(self.original, self.oracle, rule).value,
            "ceiling": forgetting_quality(self.control, self.oracle, rule).value,
        }


def read_easydub(root: Path) -> list[ForgetSetMargins]:
    """Return the banks of every forget set below a folder.

    Raises:
        UsageError: it has not the layout, or an array is not one of margins.
    """
    base = root / "margins" / DATA_SET
    folders = {
        int(matched[1]): path
        for path in sorted((base / "oracle").glob("forget_*"))
        if (matched := FORGET_SET.fullmatch(path.name))
    }
    if not folders:
        raise UsageError(
            f"{root} must hold margins/{DATA_SET}/oracle/forget_<set>, as EasyDUB's data set has"
            " them, got no such folder"
        )
    return [_read_set(base, root, number) for number in sorted(folders)]


def _read_set(base: Path, root: Path, number: int) -> ForgetSetMargins:
    """Return the banks of one forget set."""
    listed = root / "forget_sets" / DATA_SET / f"forget_set_{number}.npy"
    n_examples = len(_load(listed)) if listed.exists() else None
    oracle = _bank(base / "oracle" / f"forget_{number}" / "forget" / NETWORK, n_examples)
    original = _bank(base / "pretrain" / f"forget_{number}" / NETWORK, oracle.shape[1])
    half = len(oracle) // 2
    n_models = min(half, len(original))
    if n_models < 2:
        raise UsageError(
            f"forget set {number} of {root} must have at least 4 oracles and 2 pretrained models,"
            f" got {len(oracle)} and {len(original)}"
        )
    return ForgetSetMargins(
        number, oracle[:n_models], oracle[half : half + n_models], original[:n_models]
    )


def _bank(folder: Path, n_examples: int | None) -> np.ndarray:
    """Return the margins of every model of a folder in the order of their numbers, last epoch."""
    newest: dict[int, tuple[int, Path]] = {}
    for path in folder.glob("*.npy"):
        matched = MODEL.fullmatch(path.name)
        if matched:
            model, epoch = int(matched[1]), int(matched[2])
            newest[model] = max(newest.get(model, (-1, path)), (epoch, path))
    if not newest:
        raise UsageError(f"{folder} must hold id_<model>_epoch_<epoch>.npy, got no such file")
    epochs = {epoch for epoch, _ in newest.values()}
    if len(epochs) > 1:
        raise UsageError(f"{folder} must hold models of one last epoch, got {sorted(epochs)}")
    rows = []
    for _, (_, path) in sorted(newest.items()):
        margins = _load(path)
        wanted = n_examples if n_examples is not None else len(margins)
        n_examples = wanted
        if margins.shape != (wanted,):
            raise UsageError(f"{path} must have a margin of {wanted} examples, got {margins.shape}")
        if np.isnan(margins).any():
            raise UsageError(f"{path} must hold margins, got NaN among them")
        rows.append(np.clip(margins.astype(np.float64), -MOST_CONFIDENT, MOST_CONFIDENT))
    return np.stack(rows)


def _load(path: Path) -> np.ndarray:
    """Return the vector in an `.npy` file; nothing pickled is read."""
    try:
        array = np.load(path, allow_pickle=False)
    except NUMPY_DAMAGE as error:
        raise UsageError(f"{path} must be an .npy file of numbers: {error}") from error
    if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype.kind not in "fiu":
        raise UsageError(f"{path} must be a vector of numbers, got {getattr(array, 'shape', None)}")
    return array
