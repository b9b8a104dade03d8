"""Words and numbers as pages show them; what comes from files is seen, never obeyed."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from scorer.shown import shown

MOST_CHARACTERS = 2_000
"""Of one text on a page; a message may have a hundred million."""

LEAST_WHOLE = 0.0995
"""Share from which on percentages have no decimals."""

MOST_ON_FIGURE = 26
"""Characters of a name beside an axis."""


def gate(value: Any) -> Any:
    """Return what a template may print: every text of a page passes here, and is escaped after.

    Args:
        value: a text is cut, and its control characters are written as escapes. Markup was made by
            the kit and stays as it is, and so does what is no text.
    """
    if isinstance(value, str) and not isinstance(value, Markup):
        return cut(value, MOST_CHARACTERS)
    return value


def cut(text: str, most: int, *, one_line: bool = False) -> str:
    """Return a text of so many characters at most, with how many more there were."""
    left = len(text) - most
    begun = shown(text[:most], one_line=one_line)
    return begun if left <= 0 else f"{begun} … ({left:,} more characters)"


def on_figure(name: str) -> str:
    """Return a name in one short line, as it stands in a figure."""
    begun = shown(name[: MOST_ON_FIGURE + 1], one_line=True)
    return begun if len(begun) <= MOST_ON_FIGURE else f"{begun[: MOST_ON_FIGURE - 1]}…"


def percent_with_error(share: float, error: float | None) -> str:
    """Return a share with its standard error, both with the decimals of the share.

    Example:
        >>> percent_with_error(0.154, 0.026), percent_with_error(0.031, 0.004)
        ('15 ± 3 %', '3.1 ± 0.4 %')
    """
    if error is None:
        return percent(share)
    digits = 1 if abs(share) < LEAST_WHOLE else 0
    return f"{100 * share:.{digits}f} ± {100 * error:.{digits}f} %"


def percent(share: float) -> str:
    """Return a share as a whole percentage, with a decimal below 10 %.

    Example:
        >>> percent(0.154), percent(0.0312)
        ('15 %', '3.1 %')
    """
    digits = 1 if 0.0005 < abs(share) < LEAST_WHOLE else 0
    return f"{100 * share:.{digits}f} %"
