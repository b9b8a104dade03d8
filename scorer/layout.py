"""What the parts of the project are and which imports which, for the drawing in the docs.

A part is a folder or a module directly below `scorer/`, or one of the other packages. The drawing
is made from the imports that stand in the files, so it cannot tell of another program.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from scorer.errors import ScorerError
from scorer.settings import PROJECT_ROOT

LEAVES = ("devices", "errors", "limits", "machine", "processes", "registry", "settings", "shown")
"""Modules of `scorer/` that import nothing above them and that everything may import."""

PACKAGES = ("submission", "baselines", "data_prep")
RUNS = "runner"
"""The part that runs what lies in `submission` and `baselines`, without importing it."""


def parts(root: Path = PROJECT_ROOT) -> dict[str, Path]:
    """Return folder or file of every part, by name; private modules are none."""
    found = {name: root / name for name in PACKAGES}
    for path in sorted((root / "scorer").iterdir()):
        is_package = (path / "__init__.py").is_file()
        if not path.name.startswith("_") and (is_package or path.suffix == ".py"):
            found[path.stem] = path
    return found


def first_lines(root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Return what every part says of itself, by its path with a slash behind folders."""
    found = {}
    for path in parts(root).values():
        file, slash = (path / "__init__.py", "/") if path.is_dir() else (path, "")
        said = ast.get_docstring(ast.parse(file.read_text())) or ""
        found[f"{path.relative_to(root)}{slash}"] = said.partition("\n")[0]
    return found


def imports(root: Path = PROJECT_ROOT) -> dict[str, set[str]]:
    """Return which parts each part imports, at the top of a file or later; leaves left out."""
    shown = {name: path for name, path in parts(root).items() if name not in LEAVES}
    found: dict[str, set[str]] = {}
    for name, path in shown.items():
        files = path.rglob("*.py") if path.is_dir() else [path]
        found[name] = {part for file in files for part in _imported(file)} & shown.keys() - {name}
    return found


def _imported(path: Path) -> set[str]:
    """Return the parts that a file names in its imports, but for those that never run.

    What begins with a dot lies in the same part. A feature may bring its measure along, and
    `measures` names the type of its banks for the type checker alone: that is no circle.
    """
    modules: list[str] = []
    for node in _running(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    split = [module.split(".") for module in modules]
    return {one[1] if one[0] == "scorer" and len(one) > 1 else one[0] for one in split}


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, without what stands under `if TYPE_CHECKING`."""
    yield node
    below = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        below = iter(node.orelse)
    for child in below:
        yield from _running(child)


def floors(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the imports that do not follow from others: of a to b to c, not a to c.

    Raises:
        ScorerError: some parts import each other in a circle.
    """
    below: dict[str, set[str]] = {}
    try:
        for name in TopologicalSorter(edges).static_order():
            below[name] = edges[name].union(*(below[part] for part in edges[name]))
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ScorerError(f"imports must go one way, got {circle}; move what both need") from error
    return {
        name: {part for part in direct if not any(part in below[other] for other in direct)}
        for name, direct in edges.items()
    }


def drawing(root: Path = PROJECT_ROOT) -> str:
    """Return the parts and their imports as a Mermaid flow chart."""
    lines = ["```mermaid", "flowchart TD"]
    for name, direct in floors(imports(root)).items():
        lines += [f"    {name} --> {part}" for part in sorted(direct)]
    lines += [f"    {RUNS} -. runs .-> {part}" for part in PACKAGES[:2]]
    return "\n".join([*lines, "```"])
