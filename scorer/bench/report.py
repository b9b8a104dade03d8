"""What a bench found: figures with their spread, and the machine that they were measured on."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scorer.bench.timing import Figure
from scorer.errors import ScorerError
from scorer.machine import machine, n_cores

FIGURES = Path(__file__).parent / "figures"

BUSY_SHARE = 0.5
"""Load per core from which figures say that the machine was busy."""


@dataclass
class Report:
    """The result of one bench.

    Attributes:
        bench: its name.
        command: makes the measurement again.
        device: "cpu" or the model of the GPU, as in `scorer.training.paths.device_slug`.
        variant: what a second file of the same bench is about, "" for the default.
        values: the numbers to look up by name, each the median of one of the figures, and facts.
        figures: everything measured.
        notes: what a figure leaves out, extrapolates or could not be measured, a sentence each.
    """

    bench: str
    command: str
    device: str = "cpu"
    variant: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, unit: str, measured: list[float], key: str = "") -> float:
        """Add a figure, under `key` also to the values; return its median."""
        figure = Figure.of(name, unit, measured)
        self.figures.append(figure)
        if key:
            self.values[key] = figure.median
        return figure.median

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values.

        Raises:
            ScorerError: a figure is not finite.
        """
        wrong = [one.name for one in self.figures if not math.isfinite(one.median)]
        if wrong:
            raise ScorerError(
                f"figures of bench {self.bench} must be finite, these are not: {wrong}"
            )
        return {
            "bench": self.bench,
            "variant": self.variant,
            "command": self.command,
            "environment": machine(self.device),
            **self.values,
            "figures": [one.as_dict() for one in self.figures],
            "notes": self.notes,
        }

    def save(self, folder: Path = FIGURES) -> Path:
        """Write the JSON that `make readme` reads, and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        parts = [part for part in (self.bench, self.variant, self.device) if part]
        path = folder / f"{'-'.join(parts)}.json"
        path.write_text(json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n")
        return path


def busy_note() -> str | None:
    """Return a warning where other programs keep this machine busy, by its load of a minute."""
    load, cores = os.getloadavg()[0], n_cores()
    if load < BUSY_SHARE * cores:
        return None
    return (
        f"the machine was busy before the first round (load {load:.1f} on {cores} cores): several"
        " threads of one process suffer more from that than several processes of one thread"
    )
