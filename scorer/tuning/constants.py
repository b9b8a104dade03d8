"""The constants of a file: found in its text, replaced in its text, drawn around their values."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats.qmc import LatinHypercube

LARGEST_FACTOR = 3.0
"""A constant is tried between its value over this and its value times this, on a log scale.

The trials form a Latin hypercube: of as many equal parts as there are trials, each constant takes
one value in each."""


@dataclass(frozen=True)
class Constant:
    """A number in capitals at the top of a file, and where its text lies."""

    name: str
    value: float
    line: int
    start: int
    end: int | None

    @property
    def is_rate(self) -> bool:
        """Tell whether it is tuned unless others are named."""
        return "RATE" in self.name


def constants_of(source: str) -> dict[str, Constant]:
    """Return the numeric constants of a file by name, integers left out."""
    found = {}
    for node in ast.parse(source).body:
        match node:
            case ast.Assign([ast.Name(name), *_], ast.Constant(float(value)) as text):
                if name.isupper():
                    place = (text.lineno, text.col_offset, text.end_col_offset)
                    found[name] = Constant(name, value, *place)
    return found


def with_values(source: str, constants: Mapping[str, Constant], values: Mapping[str, float]) -> str:
    """Return the file with other values for some constants."""
    lines = source.splitlines(keepends=True)
    for name, value in values.items():
        c = constants[name]
        line = lines[c.line - 1]
        lines[c.line - 1] = f"{line[: c.start]}{value!r}{line[c.end :]}"
    return "".join(lines)


def draw_values(
    constants: Mapping[str, Constant], names: Sequence[str], method: str, n_trials: int
) -> list[dict[str, float]]:
    """Return the values of each trial, the first as they are, three digits each."""
    digest = hashlib.sha256(f"tune/{method}/{'/'.join(names)}".encode()).digest()
    hypercube = LatinHypercube(len(names), rng=np.random.default_rng(list(digest)))
    factors = LARGEST_FACTOR ** (2.0 * hypercube.random(n_trials - 1) - 1.0)
    values = np.array([constants[name].value for name in names])
    tried = [[float(f"{value:.3g}") for value in row] for row in values * factors]
    return [dict(zip(names, row, strict=True)) for row in (values.tolist(), *tried)]
