"""How things are found by name: one file a member, and nothing else has to be told of it.

Rules, tasks, engines, benches, sandbox tiers, measures and data sets are each a package whose
modules define one member. A `Registry` is the mapping from names to members of such a package. It
imports nothing before it is first read, and only the standard library is needed to read it.

A member has the name of its file; "-" and "_" are the same in names. Modules that start with an
underscore are never members; others without a member, such as `base`, are passed over.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Generic, TypeVar

from scorer.errors import ScorerError, unknown_name

T = TypeVar("T")

OWN = ("scorer", "data_prep", "baselines", "submission")
"""Packages of the project; a missing one of others has to be installed."""


def module_names(package: str) -> list[str]:
    """Return the modules of a package that may hold a member, in alphabetical order."""
    found = pkgutil.iter_modules(importlib.import_module(package).__path__)
    return sorted(module.name for module in found if not module.name.startswith("_"))


def import_member(module: str) -> ModuleType:
    """Import a module that may hold a member.

    Raises:
        ScorerError: it cannot be imported, whatever it raised.
    """
    try:
        return importlib.import_module(module)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] not in OWN:
            raise ScorerError(
                f"the package {error.name} is not installed in {sys.executable}; run `make env`,"
                " then .venv/bin/python -m scorer"
            ) from error
        said = f"{type(error).__name__}: {error}"
        raise ScorerError(
            f"{module} cannot be imported ({said}); mend it, or move it out of its folder"
        ) from error


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are one: "-" and "_" do not differ."""
    return one.replace("-", "_") == other.replace("-", "_")


@dataclass(eq=False)
class Registry(Mapping[str, T], Generic[T]):
    """The members of one kind by name, in alphabetical order.

    Looking up an unknown name raises `UsageError` with near matches and the list, so that what a
    user typed can be looked up as it is. `name in registry` asks without raising.

    Attributes:
        kind: what a member is called in messages, singular.
        package: where its members are at home, "package.module" as for an import.
        member_of: returns the member that a module defines, None where it defines none; see
            `value` and `subclass`.
        also_in: packages of another kind, whose modules may define such a member too.
    """

    kind: str
    package: str
    member_of: Callable[[ModuleType], T | None]
    also_in: Sequence[str] = ()

    @cached_property
    def members(self) -> dict[str, T]:
        """Members by name; the first reading imports every module of the packages."""
        found: dict[str, T] = {}
        packages = (self.package, *self.also_in)
        for module in (f"{each}.{stem}" for each in packages for stem in module_names(each)):
            member = self.member_of(import_member(module))
            if member is None:
                continue
            stem = module.rpartition(".")[2]
            name = getattr(member, "name", None)
            name = name if isinstance(name, str) else stem
            if not same_name(name, stem):
                raise ScorerError(
                    f"{self.kind} {name!r} must stand in a module of its name, got {module};"
                    " rename one of them"
                )
            if any(same_name(name, known) for known in found):
                raise ScorerError(f"{self.kind} {name!r} must be one, got another in {module}")
            found[name] = member
        return dict(sorted(found.items()))

    def __getitem__(self, name: str) -> T:
        for known, member in self.members.items():
            if same_name(known, name):
                return member
        raise unknown_name(self.kind, name, self)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(same_name(known, name) for known in self.members)

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def summaries(self) -> dict[str, str]:
        """Return one line about each member: its `summary`, else the first of its docstring."""
        return {name: _summary(member) for name, member in self.items()}


def value(kind: type[T]) -> Callable[[ModuleType], T | None]:
    """Return what finds the one instance of a class among the public names of a module."""

    def member_of(module: ModuleType) -> T | None:
        public = [it for name, it in vars(module).items() if name.isupper()]
        return _only(module, [it for it in public if isinstance(it, kind)])

    return member_of


def subclass(base: type[T]) -> Callable[[ModuleType], type[T] | None]:
    """Return what finds the one concrete subclass of a class that a module defines."""

    def member_of(module: ModuleType) -> type[T] | None:
        public = [it for name, it in vars(module).items() if not name.startswith("_")]
        own = [it for it in public if inspect.isclass(it) and it.__module__ == module.__name__]
        found = [it for it in own if issubclass(it, base) and not inspect.isabstract(it)]
        return _only(module, found)

    return member_of


def _only(module: ModuleType, found: Sequence[T]) -> T | None:
    """Return the one member, None for none."""
    if len(found) > 1:
        raise ScorerError(f"{module.__name__} must define one member, got {len(found)}; split it")
    return found[0] if found else None


def _summary(member: object) -> str:
    """Return one line about a member."""
    said = getattr(member, "summary", None) or inspect.getdoc(member) or ""
    return str(said).strip().partition("\n")[0]
