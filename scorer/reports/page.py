"""Pages out of templates: one gate for every text, one file that asks no network."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scorer.errors import UsageError
from scorer.files import replace_file
from scorer.reports.drawing import inline_svg
from scorer.reports.figures.base import Panel
from scorer.reports.words import gate
from scorer.style import save

ENDINGS = (".html", ".htm")
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Section:
    """A heading with pictures.

    Attributes:
        name: of the figure; the section's id.
        title: heading.
        caption: how to read it, and what good would look like.
        panels: `<svg>` elements.
        problem: why there are none, or not all.
    """

    name: str
    title: str
    caption: str
    panels: list[Markup]
    problem: str = ""


def to_section(
    name: str, title: str, caption: str, panels: list[Panel], problem: str = ""
) -> Section:
    """Return a section of drawn panels."""
    drawn = [inline_svg(p.figure, full_name(name, p), p.alternative) for p in panels]
    return Section(name, title, caption, drawn, problem)


def full_name(name: str, panel: Panel) -> str:
    """Return the name of a panel among all of a page, and of its files."""
    return "-".join(filter(None, (name, panel.name)))


@cache
def _environment() -> Environment:
    """Return the templates; what they print is cut, shown and escaped, and nothing is left out."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        finalize=gate,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, *, script: str = "", **values: Any) -> str:
    """Return a page.

    Args:
        template: its name in `templates/`.
        script: name of a script there; the page allows no other, and without a name none.
        values: what the template names.
    """
    source = (TEMPLATES / script).read_text(encoding="utf-8") if script else ""
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return _environment().get_template(template).render(
        style=Markup(style), script=Markup(source), script_hash=f"sha256-{digest}", **values
    )  # fmt: skip


def check_name(path: Path) -> None:
    """Raise UsageError unless a file is named as a page is."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"a page must be a file that ends in {' or '.join(ENDINGS)}, got {path}")


def write_page(path: Path, html: str) -> None:
    """Write a page, in place of one that was there.

    Raises:
        UsageError: its name ends otherwise, so that no record is written over by mistake.
        DiskError: the disk is full or not writable.
    """
    check_name(path)
    content = html.encode("utf-8", errors="backslashreplace")
    replace_file(path, content)


def write_figures(panels: dict[str, Panel], folder: Path) -> None:
    """Write every panel as PNG and SVG, in place of those that were there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, panel in panels.items():
        save(panel.figure, folder / name)
