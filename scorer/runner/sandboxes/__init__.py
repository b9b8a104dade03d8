"""Tiers of isolation by name. One file a tier, see `scorer.registry`."""

from __future__ import annotations

from scorer.registry import Registry, subclass
from scorer.runner.sandboxes.base import Sandbox

SANDBOXES: Registry[type[Sandbox]] = Registry("sandbox", __name__, subclass(Sandbox))  # type: ignore[type-abstract]

__all__ = ["SANDBOXES", "Sandbox"]
