"""Speed, measured side by side, and how far the statistics hold.

One file a bench: a module here that defines `BENCH`, see `scorer.registry`.
"""

from __future__ import annotations

from scorer.bench.base import Bench, Report, Settings
from scorer.registry import Registry, value

BENCHES = Registry("bench", __name__, value(Bench))

__all__ = ["BENCHES", "Bench", "Report", "Settings"]
