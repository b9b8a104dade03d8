"""The documents of the project, and the pieces of them that can be checked."""

from __future__ import annotations

import re
from pathlib import Path

from scorer.settings import PROJECT_ROOT

DOCUMENTS = [
    *(PROJECT_ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((PROJECT_ROOT / "docs").glob("*.md")),
    *sorted((PROJECT_ROOT / "baselines" / "leaderboards").glob("*.md")),
]


def name_of(path: Path) -> str:
    """Return a path as a test's id."""
    return str(path.relative_to(PROJECT_ROOT))


def links(text: str) -> list[str]:
    """Return the targets of all links that do not lead out of the project."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if not target.startswith("https://")]


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(text: str) -> list[str]:
    """Return what a reader may type: code in the line, and in indented or fenced blocks."""
    fenced = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    (\S.*)$", prose, re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", prose)
    lines = [*inline, *indented, *(line for block in fenced for line in block.splitlines())]
    return [re.sub(r"\s+#.*$", "", line).removeprefix(".venv/bin/") for line in lines]


def python_blocks(text: str) -> list[str]:
    """Return the fenced blocks of Python."""
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
