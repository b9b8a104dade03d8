"""Findings that are kept beside the code, for the documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scorer.errors import ScorerError
from scorer.settings import PROJECT_ROOT
from scorer.studies.findings import Findings, answers_markdown, made_by, table_markdown
from scorer.style import save_png

FIGURES = Path(__file__).parent / "figures"


def keep(found: Findings, label: str, folder: Path = FIGURES) -> list[Path]:
    """Write the findings, the first figure and the files of a study; return the paths.

    Args:
        found: not of a quick run.
        label: of the study, see `Study.label`.
        folder: of the kept findings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name, (figure, _) = next(iter(found.figures.items()))
    stem = folder / f"{label}-{name}"
    save_png(figure, stem)
    path = folder / f"{label}.json"
    path.write_text(json.dumps(found.as_dict(), indent=1, allow_nan=False) + "\n")
    for other, text in found.files.items():
        other.write_text(text, encoding="utf-8")
    return [path, stem.with_suffix(".png"), *found.files]


def render_study(label: str, *, folder: Path = FIGURES) -> str:
    """Return the Markdown of kept findings for a page in `docs/`.

    That is the first figure, the answers, and the tables that are meant for it.

    Raises:
        ScorerError: none are kept.
    """
    path = folder / f"{label}.json"
    if not path.exists():
        raise ScorerError(
            f"a document has the findings of study {label}, but {path} is missing; run"
            f" `python -m scorer study {label} --save`"
        )
    values: dict[str, Any] = json.loads(path.read_text())
    name, caption = next(iter(values["figures"].items()))
    picture, file = (
        each.relative_to(PROJECT_ROOT).as_posix() for each in (folder / f"{label}-{name}.png", path)
    )
    tables = [table_markdown(one) for one in values["tables"] if one.get("in_documents")]
    pieces = [f"![{name}](../{picture})", caption, answers_markdown(values), *tables]
    pieces.append(made_by(values, file))
    return "\n\n".join(pieces)
