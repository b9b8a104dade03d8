"""Scenarios: how requests to forget come, and what is given with them.

One file a scenario: a module here with a subclass of `Scenario` of its name. See `scorer.registry`.
"""

from __future__ import annotations

from scorer.registry import Registry, subclass
from scorer.scenarios.base import STANDARD, Request, Scenario


class Scenarios(Registry[type[Scenario]]):
    """Scenarios by name; what a user types may have a number behind it, as in `streaming:4`."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.partition(":")[0])


SCENARIOS = Scenarios("scenario", __name__, subclass(Scenario))  # type: ignore[type-abstract]


def make_scenario(typed: str) -> Scenario:
    """Return the scenario that a user typed, such as `streaming:4`.

    Raises:
        UsageError: there is none of that name, or what stands behind the colon does not fit it.
    """
    name, _, number = typed.partition(":")
    return SCENARIOS[name].parse(typed, number)


__all__ = ["SCENARIOS", "STANDARD", "Request", "Scenario", "make_scenario"]
