"""Simulations that show how far the statistics hold.

One file a table: a module here that defines a `Simulation`, see `scorer.registry`. What they draw
is in `scorer.simulated`.
"""

from __future__ import annotations

from scorer.bench._simulations.base import Simulation
from scorer.registry import Registry, value

SIMULATIONS = Registry("simulation", __name__, value(Simulation))

__all__ = ["SIMULATIONS", "Simulation"]
