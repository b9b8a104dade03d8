"""Copies of modules in which some names mean something else, for tests that need another constant.

A method's constants are its knobs and stay constants in its file; `tune` tries other values in a
copy of the file, and so do tests. The module itself is never touched, so nothing is to be restored.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any


def copy_of(module: ModuleType, **others: Any) -> Any:
    """Return a fresh copy of a module, run from its file, with other values for some names.

    Args:
        module: with a file.
        others: by name: constants, or stand-ins for functions that the module defines or imports.

    Raises:
        AttributeError: the module has no such name.
    """
    spec = spec_from_file_location(module.__name__, module.__file__)
    if spec is None or spec.loader is None:
        raise TypeError(f"{module.__name__} must be a module with a file")
    copy = module_from_spec(spec)
    spec.loader.exec_module(copy)
    for name, value in others.items():
        if not hasattr(copy, name):
            raise AttributeError(f"{module.__name__} has no {name}, so nothing would change")
        setattr(copy, name, value)
    return copy
