"""Points in the plane, drawn from a mixture per class that resembles what a network sees of images.

The parameters of the mixture are kept beside this file. They were fitted so that networks trained
on the points err, overlap and memorise as those trained on images do. Points are drawn anew for
every split seed. As images they have two channels, the coordinates, and one pixel.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.raw import DamagedData, RawData
from data_prep.seeding import random_order, random_uniform

FILE = Path(__file__).with_suffix(".json")
"""Keeps the parameters, and what they were fitted to."""

N_POINTS = 2000

WINDOW = 64.0
"""Side of the square that all points lie in, around the origin. The standard deviation of the
narrowest class that a fit may find is about 1."""

CELLS = 2**16
"""Points lie on a grid of so many cells a side. So their bytes do not hang on the last digit of a
logarithm, which machines may round differently."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """The law of points and classes: of each class a core, and strays towards the other classes.

    A point of class i is, but for the share of strays, normal around `centres[i]`. A stray belongs
    to another class j, drawn by `towards[i]`: it is normal around the place that lies `reach` of
    the way from `centres[i]` to `centres[j]`.

    Attributes:
        centres: `(n_classes, 2)` within the window, one unit about the width of a core.
        towards: `(n_classes, n_classes)`; each row sums to 1, its own class has 0.
        spread: standard deviation of the cores along each axis.
        stray_share: of the points of a class, in [0, 1].
        stray_spread: standard deviation of the strays along each axis.
        reach: 0 for strays around their own centre, 1 for strays around the other.

    Raises:
        ValueError: a field does not meet the above.
    """

    centres: NDArray[np.float64]
    towards: NDArray[np.float64]
    spread: float
    stray_share: float
    stray_spread: float
    reach: float

    def __post_init__(self) -> None:
        n = len(self.centres)
        if n < 2 or self.centres.shape != (n, 2) or self.towards.shape != (n, n):
            raise ValueError(
                "`centres` must be (n_classes, 2) with at least 2 classes and `towards` (n_classes,"
                f" n_classes), got {self.centres.shape} and {self.towards.shape}"
            )
        if not (np.abs(self.centres) < WINDOW / 2).all():
            raise ValueError(f"`centres` must lie within {WINDOW / 2} of 0, got {self.centres}")
        rows = self.towards.sum(axis=1)
        if not ((self.towards >= 0).all() and np.allclose(rows, 1) and not self.towards.trace()):
            raise ValueError("`towards` must have rows of shares that sum to 1, and 0 for the own")
        for name in ("spread", "stray_spread"):
            if not 0 < getattr(self, name) < WINDOW:
                raise ValueError(f"`{name}` must be positive, got {getattr(self, name)}")
        for name in ("stray_share", "reach"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"`{name}` must be in [0, 1], got {getattr(self, name)}")

    @property
    def n_classes(self) -> int:
        """Return the number of classes."""
        return len(self.centres)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        values = asdict(self)
        return {name: np.asarray(value).tolist() for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Mixture:
        """Return the mixture that `as_dict` told."""
        arrays = {name: np.array(values[name], np.float64) for name in ("centres", "towards")}
        return cls(**{**values, **arrays})


def load(data_dir: Path) -> RawData:
    """Return the points of the public split.

    Args:
        data_dir: not looked at, since the parameters lie beside this file.
    """
    return draw(0)


def draw(split_seed: int) -> RawData:
    """Return the points of a split; there is no official test set.

    Raises:
        DamagedData: the kept parameters are not those of a mixture.
    """
    try:
        kept = json.loads(FILE.read_text())
        mixture = Mixture.from_dict(kept["mixture"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedData(
            f"{FILE} must hold the parameters of a mixture, got what cannot be read ({error}); put"
            " the file back"
        ) from error
    return raw_points(mixture, N_POINTS, split_seed)


def raw_points(mixture: Mixture, n_points: int, seed: int) -> RawData:
    """Return points of a mixture as a data set.

    Args:
        mixture: their law.
        n_points: of all classes together, of each class equally many to within one.
        seed: another one draws other points.
    """
    law = hashlib.sha256(json.dumps(mixture.as_dict(), sort_keys=True).encode()).hexdigest()
    # With the law in the key, labels come in an order of their own: what was measured on points of
    # another law is told from its labels.
    points, labels = draw_points(mixture, n_points, law, seed)
    return RawData(
        name="plane",
        images=points[:, :, np.newaxis, np.newaxis],
        labels=labels,
        n_classes=mixture.n_classes,
        is_official_test=np.zeros(n_points, dtype=bool),
        # So that a network sees coordinates in the units of the mixture.
        mean=(0.5, 0.5),
        std=(1 / WINDOW, 1 / WINDOW),
        value_range=1.0,
        source="points drawn from a mixture per class",
    )


def draw_points(
    mixture: Mixture, n_points: int, *key: str | int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return points and their classes, a function of the arguments alone.

    Args:
        mixture: their law.
        n_points: of all classes together.
        key: other ones draw other points.

    Returns:
        Points `(n_points, 2)` as shares of the window in [0, 1], and labels `(n_points,)`.
    """
    from scipy.special import ndtri

    labels = random_order(n_points, *key, "class") % mixture.n_classes
    stray = random_uniform(n_points, *key, "stray") < mixture.stray_share
    passed = np.cumsum(mixture.towards, axis=1)[labels]
    chosen = random_uniform(n_points, *key, "towards")[:, np.newaxis]
    other = np.minimum((chosen >= passed).sum(axis=1), mixture.n_classes - 1)
    own = mixture.centres[labels]
    aim = own + mixture.reach * (mixture.centres[other] - own)
    normal = ndtri(random_uniform(2 * n_points, *key, "place")).reshape(n_points, 2)
    centre = np.where(stray[:, np.newaxis], aim, own)
    spread = np.where(stray, mixture.stray_spread, mixture.spread)[:, np.newaxis]
    share = np.clip(0.5 + (centre + spread * normal) / WINDOW, 0.0, 1.0)
    return (np.rint(share * CELLS) / CELLS).astype(np.float32), labels


def coordinates(raw: RawData) -> NDArray[np.float64]:
    """Return the points `(n, 2)` of a data set of this module in the units of the mixture."""
    return (raw.images[:, :, 0, 0].astype(np.float64) - 0.5) * WINDOW
