"""Rules by name: how epsilon becomes points. One file a rule, see `scorer.registry`."""

from __future__ import annotations

from scorer.metric.rules.base import FAMILIES, Attack, EpsilonResult, Rule
from scorer.registry import Registry, subclass

__all__ = ["FAMILIES", "RULES", "Attack", "EpsilonResult", "Rule", "make_rule"]

# Made through an argument because mypy takes no abstract class for a type.
RULES: Registry[type[Rule]] = Registry("rule", __name__, subclass(Rule))  # type: ignore[type-abstract]


def make_rule(name: str, *, delta: float = 1e-5) -> Rule:
    """Return a rule by its name.

    Args:
        name: a key of `RULES`.
        delta: in `[0, 1)`.

    Raises:
        UsageError: no such rule; the message has near matches and the list.
        ValueError: delta out of range.

    Example:
        >>> make_rule("competition").delta
        1e-05
    """
    return RULES[name](delta=delta)
