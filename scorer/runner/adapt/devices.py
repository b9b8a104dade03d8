"""`DEVICE` and `device`, which public files take from the notebook around them and never define."""

from __future__ import annotations

import ast

from scorer.runner.adapt.texts import bindings, free_names, has_star
from scorer.runner.child.preload import at_import

NAMES = ("DEVICE", "device")


def missing_devices(tree: ast.Module) -> tuple[str, ...]:
    """Return which names for the device a file reads and nothing in it defines.

    A file that imports everything of some module may have them from there.
    """
    defined = {name for name, _ in bindings(tree)}
    wanted = [name for name in NAMES if name not in defined]
    if not wanted or has_star(tree):
        return ()
    blocks = (ast.If, ast.Try, ast.With, ast.For, ast.While, ast.Match)
    read = {
        name
        for node in at_import(tree)
        if not isinstance(node, blocks)
        for name in free_names(node)
    }
    declared = {name for n in ast.walk(tree) if isinstance(n, ast.Global) for name in n.names}
    return tuple(name for name in wanted if name in read - declared)
