"""The function of a submission: found in what its file defines, held against what was read there.

Which name it has and how it is called the kit has read in the file's text and printed. The function
itself is asked again: one that takes something else than was read is called only where it takes
what the contract hands over, in that order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from .roles import DEVICE, WHAT_TO_WRITE, Call, Parameter, bind, has_default

KINDS = {
    "KEYWORD_ONLY": "keyword",
    "VAR_POSITIONAL": "*",
    "VAR_KEYWORD": "**",
}


class Unfit(Exception):
    """What a file defines cannot be called as a submission; the message says what to write."""


def find(module: ModuleType, entry: Mapping[str, Any]) -> Callable[..., Any]:
    """Return a function of the values by role, `net`, `retain`, `forget`, `val` and `device`.

    Args:
        module: what the file has defined.
        entry: what the kit has read of it: `name` of a function or class, `method` of the class or
            "", `calls`, how each is called or None where the text does not say, and `absent`, what
            is said where there is no such name.

    Raises:
        Unfit: there is no such name, or it takes something else.
    """
    found = getattr(module, entry["name"], None)
    if found is None:
        raise Unfit(entry["absent"])
    told = [None if each is None else Call.of_facts(each) for each in entry["calls"]]
    if not entry["method"]:
        call = call_of(found, entry["name"], told[0])
        return lambda values: made(found, call, values)
    parts = [call_of(found, entry["name"], told[0], is_part=True)]
    name = f"{entry['name']}.{entry['method']}"
    # As a plain function: no object of the class is made before its arguments are there.
    parts.append(call_of(getattr(found, entry["method"]), name, told[1], is_part=True, skips=1))

    def run(values: Mapping[str, Any]) -> Any:
        return made(getattr(made(found, parts[0], values), entry["method"]), parts[1], values)

    return run


def made(function: Callable[..., Any], call: Call, values: Mapping[str, Any]) -> Any:
    """Call a function with the values of the roles that it asks for."""
    places = [values[role] for role in call.places]
    return function(*places, **{name: values[role] for name, role in call.names.items()})


def call_of(
    function: Any, name: str, told: Call | None, *, is_part: bool = False, skips: int = 0
) -> Call:
    """Return how a function is called.

    Args:
        function: or a class, or an object that can be called.
        name: of it, for messages.
        told: what was read in the file, None where its text does not say.
        is_part: see `roles.bind`.
        skips: parameters at the front that are none of the caller's.

    Raises:
        Unfit: it cannot be called, or is another than was read.
    """
    if not callable(function):
        raise Unfit(f"`{name}` must be a function, got {type(function).__name__}; {WHAT_TO_WRITE}")
    # By its text a default is what is written there: `DEVICE` may be "cuda", but need not.
    calls = [
        bind(parameters_of(function, by_text=by_text)[skips:], is_part=is_part)
        for by_text in (False, True)
    ]
    if told is not None and told in calls:
        return told
    call = calls[0]
    if isinstance(call, str):
        raise Unfit(f"`{name}` {call}" if call.startswith("must") else f"`{name}`: {call}")
    if not call.is_plain:
        raise Unfit(
            f"`{name}` takes other arguments, by its names, than its definition shows:"
            f" {call.shown(name)}; {WHAT_TO_WRITE}"
        )
    return call


def parameters_of(function: Callable[..., Any], *, by_text: bool = False) -> list[Parameter]:
    """Return the parameters of a function, those of `__init__` for a class.

    One that is not of Python may say nothing of itself: it takes what it is given.

    Args:
        function: any.
        by_text: count every default as one that works.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return [Parameter("", "*")]
    return [
        Parameter(
            each.name,
            KINDS.get(each.kind.name, "positional"),
            each.default is not inspect.Parameter.empty
            and (by_text or has_default(each.name, each.default)),
        )
        for each in parameters
    ]


def values_of(net: Any, loaders: Mapping[str, Any], device: Any) -> dict[str, Any]:
    """Return the values by role."""
    return {"net": net, **loaders, DEVICE: device}
