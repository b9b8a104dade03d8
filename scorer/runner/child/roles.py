"""Which argument a parameter wants, by its name: what decides how somebody's function is called.

The kit reads parameters from a file's text and the run from the function itself; both ask here, so
that what was printed is what is done. Names go before places: a function whose names say another
order is called in its own, and one whose names contradict each other is not called at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SETS = ("retain", "forget", "val")
ROLES = ("net", *SETS)
"""What a submission is given, in the order of the contract."""

DEVICE = "device"
"""What it may ask for besides."""

CALL = "unlearning(net, retain, forget, val)"
WHAT_TO_WRITE = f"write `def {CALL}:`, and call it from there"

_WORDS = {
    "retain": "retain|retained|retaining|remain|remaining|keep",
    "forget": "forget|forgetting|forgotten|unlearn|erase",
    "val": "val|valid|validation|validate",
}
_OF_A_SET = "data|loader|dataloader|set|dataset|dl|ds|iter|iterator|batches|examples|samples"
_SET_NAMES = {
    role: re.compile(f"(train|the|{_OF_A_SET})*({words})(train|{_OF_A_SET})*s?")
    for role, words in _WORDS.items()
}
_NET_NAME = re.compile(
    "(the|my|original|orig|base|pretrained|trained|initial|init|input|full|nn|target)*"
    "(net|network|model)(original|orig|ft)?"
)
_A_SET = re.compile(f".*({_OF_A_SET})s?")


class Parameter(NamedTuple):
    """One parameter of a function.

    Attributes:
        name: of it.
        kind: "positional", "keyword" for one that takes nothing else, "*" or "**".
        has_default: whether it may be left out. A device that is "cuda" unless it is named may not
            be: nothing would work where there is none.
    """

    name: str
    kind: str = "positional"
    has_default: bool = False


@dataclass(frozen=True)
class Call:
    """How a function is called: roles in place of values.

    Attributes:
        places: roles of the arguments that are handed over by place.
        names: roles of those that are handed over by name.
    """

    places: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)

    @property
    def roles(self) -> set[str]:
        """Return what the function is given."""
        return {*self.places, *self.names.values()}

    @property
    def is_plain(self) -> bool:
        """Tell whether it is the contract's own call."""
        return self.places == ROLES and not self.names

    def shown(self, function: str) -> str:
        """Return the call as it is printed: `f(net, forget, retain, val_loader=val)`."""
        named = (f"{name}={role}" for name, role in self.names.items())
        return f"{function}({', '.join((*self.places, *named))})"

    def as_facts(self) -> dict[str, Any]:
        """Return JSON values; `of_facts` reads them."""
        return {"places": list(self.places), "names": dict(self.names)}

    @classmethod
    def of_facts(cls, facts: dict[str, Any]) -> Call:
        """Return the call that JSON values say."""
        return cls(tuple(facts["places"]), dict(facts["names"]))


PLAIN = Call(ROLES)


def has_default(name: str, default: object) -> bool:
    """Tell whether a parameter may be left out that has a default, see `Parameter`."""
    is_of_a_gpu = isinstance(default, str) and default.startswith("cuda")
    return not (is_of_a_gpu and role_of(name) == DEVICE)


def role_of(name: str) -> str | None:
    """Return what a parameter wants by its name: a role, "device", or None where it does not say.

    Args:
        name: in any case and with any underscores, such as "valDataLoader".
    """
    letters = re.sub(r"[^a-z]", "", name.lower())
    if letters in ("device", "dev"):
        return DEVICE
    if _NET_NAME.fullmatch(letters):
        return "net"
    return next((role for role, form in _SET_NAMES.items() if form.fullmatch(letters)), None)


def bind(parameters: Sequence[Parameter], *, is_part: bool = False) -> Call | str:
    """Return how a function with these parameters is called, or why it cannot be.

    Args:
        parameters: in their order, without `self`.
        is_part: of what takes the rest elsewhere, as a class whose method has other parameters:
            nothing has to be asked for, and names alone decide.
    """
    by_place = [each for each in parameters if each.kind == "positional"]
    others = [each for each in parameters if each.kind == "keyword"]
    wanted = {each.name: role_of(each.name) for each in (*by_place, *others)}
    given: dict[str, str] = {}
    left_out = [role for role in ROLES if role not in wanted.values()]
    for place, each in enumerate((*by_place, *others)):
        role = wanted[each.name]
        if role == DEVICE and each.has_default:
            continue
        if role is None and not is_part and each.kind == "positional":
            role = _role_by_place(each, place, left_out, wanted)
        if role in given.values():
            first = next(name for name, known in given.items() if known == role)
            if each.has_default:
                continue
            return f"`{first}` and `{each.name}` both ask for {role}; {WHAT_TO_WRITE}"
        if role is not None:
            given[each.name] = role
        elif not each.has_default:
            return _no_value(each, place, given, wanted)
    call = _in_order(by_place, given)
    if any(each.kind == "*" for each in parameters) and not call.names:
        if call.places != ROLES[: len(call.places)]:
            return f"what `*` takes must follow the order of {CALL}; {WHAT_TO_WRITE}"
        call = Call((*call.places, *ROLES[len(call.places) :]))
    return call if is_part else _complete(call, wanted)


def _role_by_place(
    each: Parameter, place: int, left_out: Sequence[str], wanted: dict[str, str | None]
) -> str | None:
    """Return the role of a parameter whose name says none, None where its place says none either.

    Args:
        each: the parameter.
        place: of it.
        left_out: roles that no name asks for.
        wanted: role by name of every parameter.
    """
    names_say_nothing = not any(role in ROLES for role in wanted.values())
    if each.has_default and not (names_say_nothing or _A_SET.fullmatch(each.name.lower())):
        return None  # `epochs=5` in the fourth place is no set
    if place < len(ROLES) and ROLES[place] in left_out:
        return ROLES[place]
    is_the_only_one = len(left_out) == 1 and not each.has_default and left_out[0] != "net"
    unnamed = [name for name, role in wanted.items() if role is None]
    if is_the_only_one and unnamed == [each.name] and _A_SET.fullmatch(each.name.lower()):
        return left_out[0]
    return None


def _no_value(
    each: Parameter, place: int, given: dict[str, str], wanted: dict[str, str | None]
) -> str:
    """Return why a parameter that must have a value gets none."""
    if place < len(ROLES):
        role = ROLES[place]
        other = next((name for name, known in wanted.items() if known == role), None)
        if other is not None and other != each.name:
            return (
                f"`{each.name}` stands in the place of {role}, which `{other}` asks for by its"
                f" name; {WHAT_TO_WRITE}"
            )
    known = ", ".join((*ROLES, DEVICE))
    return (
        f"`{each.name}` must have a default: a submission is given {known} and nothing else;"
        f" {WHAT_TO_WRITE}"
    )


def _in_order(by_place: Sequence[Parameter], given: dict[str, str]) -> Call:
    """Return a call: by place up to the first parameter that is left out, by name from there."""
    places: list[str] = []
    for each in by_place:
        if each.name not in given:
            break
        places.append(given[each.name])
    names = dict(list(given.items())[len(places) :])
    return Call(tuple(places), names)


def _complete(call: Call, wanted: dict[str, str | None]) -> Call | str:
    """Return a call that can be made, or what it lacks.

    A role may be left out where the names say that the others are what they are.
    """
    lacking = [role for role in ROLES if role not in call.roles]
    says_enough = "net" in wanted.values() and any(role in wanted.values() for role in SETS)
    if not lacking or ("net" not in lacking and says_enough):
        return call
    return (
        f"must take net, retain, forget and val, got no {' and no '.join(lacking)}; {WHAT_TO_WRITE}"
    )
