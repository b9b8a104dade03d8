"""Simulations that show how far the statistics hold.

One file a table: a module here that defines a `Simulation`, see `scorer.registry`; `laws` has the
banks of models that they draw.
"""

from __future__ import annotations

from scorer.bench._simulations.base import Simulation
from scorer.registry import Registry, value

SIMULATIONS = Registry("simulation", __name__, value(Simulation))

__all__ = ["SIMULATIONS", "Simulation"]
