"""Rules by name. A new one is a new module here with one subclass of `Rule`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from scorer.metric.rules.base import FAMILIES, Attack, EpsilonResult, Rule

__all__ = ["FAMILIES", "RULES", "Attack", "EpsilonResult", "Rule", "make_rule"]


def _discover() -> dict[str, type[Rule]]:
    """Return the concrete rules of this package by their name, in alphabetical order."""
    found: dict[str, type[Rule]] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            is_own = member.__module__ == module.__name__
            if is_own and issubclass(member, Rule) and not inspect.isabstract(member):
                found[member.name] = member
    return dict(sorted(found.items()))


RULES: dict[str, type[Rule]] = _discover()


def make_rule(name: str, *, delta: float = 1e-5) -> Rule:
    """Return a rule by its name.

    Args:
        name: a key of `RULES`.
        delta: in `[0, 1)`.

    Raises:
        ValueError: no such rule (the message lists them), or delta out of range.

    Example:
        >>> make_rule("competition").delta
        1e-05
    """
    if name not in RULES:
        raise ValueError(f"unknown rule {name!r}; known: {', '.join(RULES)}")
    return RULES[name](delta=delta)
