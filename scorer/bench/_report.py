"""What a bench found: figures with their spread, and the machine that they were measured on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scorer.errors import ScorerError
from scorer.machine import machine

FIGURES = Path(__file__).parent / "figures"


@dataclass
class Report:
    """The result of one bench.

    Attributes:
        bench: its name.
        command: makes the measurement again.
        device: "cpu" or the model of the GPU, as in `scorer.training.paths.device_slug`.
        variant: what a second file of the same bench is about, "" for the default.
        values: the numbers to look up by name, each the median of one of the figures, and facts.
        figures: everything measured: name, unit, n, median, min and max.
        notes: what a figure leaves out, extrapolates or could not be measured, a sentence each.
        unfit: why the figures must not be kept, "" where they may.
    """

    bench: str
    command: str
    device: str = "cpu"
    variant: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unfit: str = ""

    def add(self, name: str, unit: str, measured: ArrayLike, key: str = "") -> None:
        """Add a figure, and its median under `key` to the values.

        Args:
            name: for people.
            unit: of the numbers.
            measured: one number, or one a round.
            key: for programs.

        Raises:
            ScorerError: nothing was measured, or something that is not finite.
        """
        numbers = np.atleast_1d(np.asarray(measured, dtype=np.float64))
        if not numbers.size or not np.isfinite(numbers).all():
            raise ScorerError(
                f"figure {name!r} of bench {self.bench} must be of finite numbers, got {numbers}"
            )
        low, median, high = (float(f(numbers)) for f in (np.min, np.median, np.max))
        spread = {"n": numbers.size, "median": median, "min": low, "max": high}
        self.figures.append({"name": name, "unit": unit, **spread})
        if key:
            self.values[key] = median

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "bench": self.bench,
            "variant": self.variant,
            "command": self.command,
            "environment": machine(self.device),
            **self.values,
            "figures": self.figures,
            "notes": [*self.notes, self.unfit] if self.unfit else self.notes,
        }

    def save(self, folder: Path = FIGURES) -> Path:
        """Write the JSON that the tables of the documentation are made from; return its path.

        Raises:
            ScorerError: the figures are unfit.
        """
        if self.unfit:
            raise ScorerError(f"figures of bench {self.bench} were not kept: {self.unfit}")
        folder.mkdir(parents=True, exist_ok=True)
        parts = [part for part in (self.bench, self.variant, self.device) if part]
        path = folder / f"{'-'.join(parts)}.json"
        path.write_text(json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n")
        return path
