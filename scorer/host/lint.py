"""What would go wrong with a bundle on the platform: each known trap, said before anybody uploads.

What is checked was read in the platform's source: how it unpacks competitions, runs programs and
takes scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from scorer.host.lint_board import board_problems
from scorer.host.lint_files import file_problems, program_problems
from scorer.host.lint_phases import phase_problems

Values = dict[str, Any]
Check = Callable[[Values, Path], Iterator[str]]

CHECKS: tuple[Check, ...] = (file_problems, program_problems, phase_problems, board_problems)

YAML = "competition.yaml"


def lint(bundle: Path) -> list[str]:
    """Return what is wrong with a bundle, a sentence each; nothing where it is sound.

    Args:
        bundle: folder with `competition.yaml` at its top.
    """
    path = bundle / YAML
    if not path.is_file():
        return [f"{YAML} must lie at the top of the bundle, got none in {bundle}"]
    try:
        values = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [f"{YAML} must be YAML, got: {str(error).splitlines()[0]}"]
    if not isinstance(values, dict):
        return [f"{YAML} must be a mapping, got {type(values).__name__}"]
    if str(values.get("version")) != "2":
        got = repr(values["version"]) if "version" in values else "none, which is taken as 1"
        return [f"version must be 2, got {got}: all else would be read by other rules"]
    problems: list[str] = []
    for check in CHECKS:
        try:
            problems += check(values, bundle)
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            what = check.__name__.replace("_", " ")
            problems.append(f"{YAML} has something of another form than it must ({what}: {error})")
    return problems
