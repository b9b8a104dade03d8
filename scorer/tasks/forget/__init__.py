"""Kinds of forget sets. One file a kind: a module here with a subclass of `ForgetSet` of its name.

A task's definition holds one with its sizes. See `scorer.registry`.
"""

from __future__ import annotations

from scorer.registry import Registry, subclass
from scorer.tasks.forget.base import ForgetSet, Material

FORGET_SETS: Registry[type[ForgetSet]] = Registry("forget-set kind", __name__, subclass(ForgetSet))  # type: ignore[type-abstract]

__all__ = ["FORGET_SETS", "ForgetSet", "Material"]
