"""Which function of a file is the submission, and in which order it is called.

`unlearning`, if the file has it. Else a function that is named like it and whose parameters can be
filled, or a class with a method that can be. More than one of them is nobody's to choose but the
user's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scorer.runner.adapt.code import NAME, Entry
from scorer.runner.adapt.texts import Definition, Function, Text, bindings, definitions, has_star
from scorer.runner.child.roles import CALL, SETS, Call, Parameter, bind, has_default

LIKE_IT = re.compile(r"unlearn(ing)?(_\w+)?|\w+_unlearn(ing)?", re.IGNORECASE)
METHODS = ("unlearning", "unlearn", "run", "__call__")
OTHER_BASES = ("Module", "Dataset", "Sampler", "Optimizer", "Loss")
"""What names of base classes end with that are parts of methods and never one."""

MOST_LISTED = 8
BY_OTHER_MEANS = {"exec", "globals", "vars", "locals", "setattr", "__import__"}
"""What can define a name that no text shows."""


@dataclass(frozen=True)
class Candidate:
    """A function or class that can be called as a submission.

    Attributes:
        entry: how.
        shown: the call, as it is printed.
        line: of its definition.
    """

    entry: Entry
    shown: str
    line: int


def find_entry(tree: ast.Module, text: Text, function: str = "") -> tuple[Entry, tuple[str, ...]]:
    """Return how a file is called, and a line on it where that is not the contract's own call.

    Args:
        tree: of the file.
        text: of the file, for the names of places.
        function: that the user has named; "" takes `unlearning` or what is like it.
    """
    defined = definitions(tree)
    bound = dict(bindings(tree))
    name = function or NAME
    absent = f"must define {CALL}, got {_listed(defined, text)}"
    if function:
        absent = f"must define what --function names, {function!r}, got {_listed(defined, text)}"
    head, _, method = name.partition(".")
    if head in bound:
        last = bound[head]
        if not isinstance(last, Definition):
            return Entry(name=head, method=method, calls=_unread(method), absent=absent), ()
        found = _candidates_of(last, method, is_named=True)
        if isinstance(found, str):
            message = f"{text.place(last.lineno)}: {found}"
            return Entry(name=head, fault="bad_signature", message=message), ()
        entry = found.entry
        note = f"using {found.shown} of {text.place(found.line)}"
        if len(defined[head]) > 1:
            note += f", the last of {len(defined[head])}"
        plain = entry.is_plain and len(defined[head]) == 1
        return entry, () if plain else (note,)
    if not function:
        chosen = _like_it(defined, text)
        if isinstance(chosen, str):
            return Entry(fault="bad_signature", message=chosen), ()
        if chosen is not None:
            return chosen.entry, (f"using {chosen.shown} of {text.place(chosen.line)}",)
    names = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    if has_star(tree) or names & BY_OTHER_MEANS:
        return Entry(name=head, method=method, calls=_unread(method), absent=absent), ()
    return Entry(name=head, fault="bad_signature", message=absent, absent=absent), ()


def _unread(method: str) -> tuple[None, ...]:
    """Return calls of which the text does not say how they are."""
    return (None, None) if method else (None,)


def _like_it(defined: dict[str, list[Definition]], text: Text) -> Candidate | str | None:
    """Return the function or class that is meant, why it cannot be told, or None for no such."""
    last = [nodes[-1] for nodes in defined.values()]
    like_it = [each for each in last if LIKE_IT.fullmatch(each.name)]
    tried = [_candidates_of(each, "") for each in like_it if isinstance(each, Function)]
    found = [each for each in tried if isinstance(each, Candidate)]
    found = [each for each in found if each.entry.name == "unlearn"] or found
    if not found:
        classes = [each for each in last if isinstance(each, ast.ClassDef)]
        found = [one for c in classes if isinstance(one := _candidates_of(c, ""), Candidate)]
    if len(found) > 1:
        shown = "; ".join(f"{each.shown} of {text.place(each.line)}" for each in found)
        return (
            f"must define {CALL}, got {len(found)} that it could be: {shown}; choose one with"
            " --function NAME, or name it `unlearning`"
        )
    if found:
        return found[0]
    refused = [each for each in tried if isinstance(each, str)]
    return f"must define {CALL}, and {refused[0]}" if refused else None


def _candidates_of(node: Definition, method: str, is_named: bool = False) -> Candidate | str:
    """Return how a function or class is called, or why it cannot be.

    Args:
        node: its definition.
        method: of the class that the user has named, "" for the first that can be called.
        is_named: whether the user or the contract names it, so that its kind does not matter.
    """
    if isinstance(node, Function):
        if method:
            return f"`{node.name}` is a function and has no {method!r}"
        call = bind(parameters(node.args))
        if isinstance(call, str):
            return f"`{node.name}` {call}" if call.startswith("must") else f"`{node.name}`: {call}"
        return Candidate(Entry(node.name, calls=(call,)), call.shown(node.name), node.lineno)
    if not is_named and any(_last_name(base).endswith(OTHER_BASES) for base in node.bases):
        return f"`{node.name}` is a part of a network or of data"
    made = bind(_own_parameters(node, "__init__") or (), is_part=True)
    if isinstance(made, str):
        return f"`{node.name}`: {made}"
    for name in [method] if method else METHODS:
        own = _own_parameters(node, name)
        if own is None:
            continue
        call = bind(own, is_part=True)
        roles = made.roles | (set() if isinstance(call, str) else call.roles)
        if isinstance(call, Call) and "net" in roles and roles.intersection(SETS):
            shown = made.shown(node.name) + ("" if name == "__call__" else ".")
            shown += call.shown("" if name == "__call__" else name)
            return Candidate(Entry(node.name, name, (made, call)), shown, node.lineno)
    wanted = f"`{method}`" if method else "a method such as `run`"
    return f"`{node.name}` must have {wanted} that takes net and the sets by these names"


def _own_parameters(node: ast.ClassDef, name: str) -> Sequence[Parameter] | None:
    """Return the parameters of a method without `self`, None where a class has no such method."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == name:
            kinds = {_last_name(decorator) for decorator in each.decorator_list}
            if kinds & {"staticmethod", "classmethod", "property"}:
                return None
            return parameters(each.args)[1:]
    return None


def parameters(arguments: ast.arguments) -> list[Parameter]:
    """Return the parameters that a definition shows."""
    by_place = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(by_place) - len(arguments.defaults))
    found = [
        Parameter(each.arg, "positional", _may_be_left_out(each, default))
        for each, default in zip(by_place, [*defaults, *arguments.defaults], strict=True)
    ]
    if arguments.vararg:
        found.append(Parameter(arguments.vararg.arg, "*"))
    found += [
        Parameter(each.arg, "keyword", _may_be_left_out(each, default))
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    return [*found, *([Parameter(arguments.kwarg.arg, "**")] if arguments.kwarg else [])]


def _may_be_left_out(each: ast.arg, default: ast.expr | None) -> bool:
    """Tell whether a parameter has a default that works."""
    value = default.value if isinstance(default, ast.Constant) else None
    return default is not None and has_default(each.arg, value)


def _last_name(node: ast.expr) -> str:
    """Return `c` of `a.b.c` or of `a.b.c(...)`, "" for anything else."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _listed(defined: dict[str, list[Definition]], text: Text) -> str:
    """Return what a file defines, and what to do."""
    shown = list(_shown(defined, text))
    if not shown:
        return "no function at all"
    more = f" and {len(shown) - MOST_LISTED} more" if len(shown) > MOST_LISTED else ""
    return (
        f"{', '.join(shown[:MOST_LISTED])}{more}; name one `unlearning`, or choose it with"
        " --function NAME"
    )


def _shown(defined: dict[str, list[Definition]], text: Text) -> Iterator[str]:
    """Yield every function and class with its place."""
    for name, nodes in defined.items():
        node = nodes[-1]
        given = ""
        if isinstance(node, Function):
            given = f"({', '.join(each.name for each in parameters(node.args))})"
        yield f"{name}{given} of {text.place(node.lineno)}"
