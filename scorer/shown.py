"""Text from files, names and submissions as it goes to the screen: seen, never obeyed."""

from __future__ import annotations

SPACES = "\n\t"
"""What moves the cursor and is left as it is in a text of several lines."""


def shown(text: str, *, one_line: bool = False) -> str:
    """Return a text in which every character is one that can be seen.

    Control characters, which a terminal would obey, and those that hide or turn what stands beside
    them are written as escapes.

    Args:
        text: any.
        one_line: escape line ends and tabs too, as in a name.
    """
    left = "" if one_line else SPACES
    return "".join(
        one if one.isprintable() or one in left else one.encode("unicode_escape").decode("ascii")
        for one in text
    )
