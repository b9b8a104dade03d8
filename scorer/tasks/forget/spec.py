"""What stands behind `--forget`: the task's own forget set, or one of a form that a kind has."""

from __future__ import annotations

from scorer.errors import unknown_name
from scorer.options import OWN_FORGET_SET
from scorer.tasks.forget import FORGET_SETS
from scorer.tasks.forget.typed import TypedForgetSet


def forms() -> dict[str, type[TypedForgetSet]]:
    """Return the kind behind every form in which a forget set can be typed."""
    kinds = [kind for kind in FORGET_SETS.values() if issubclass(kind, TypedForgetSet)]
    return {form: kind for kind in kinds for form in kind.forms}


def parse_forget(text: str) -> TypedForgetSet | None:
    """Return the forget set that is meant, None for the task's own.

    Args:
        text: such as "default", "class:3" or "file:PATH"; a file is read now.

    Raises:
        UsageError: there is no such form, with near matches and the list, or what stands in it
            does not fit it; or the file cannot be read.
    """
    if text == OWN_FORGET_SET:
        return None
    head, colon, rest = text.partition(":")
    known = forms()
    for form, kind in known.items():
        if colon and form.partition(":")[0] == head:
            return kind.parse(rest)
    raise unknown_name("forget set", text, [OWN_FORGET_SET, *known])


def name_of(text: str) -> str:
    """Return the name that records have for what is typed: of several spellings one."""
    named = parse_forget(text)
    return OWN_FORGET_SET if named is None else named.spec
