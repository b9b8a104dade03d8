"""What is shown is seen, never obeyed."""

from __future__ import annotations

import pytest

from scorer.shown import shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain ± é 数", "plain ± é 数"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("a\rb\x00\x9b", "a\\rb\\x00\\x9b"),
        ("\u202egnp.py\u200b", "\\u202egnp.py\\u200b"),
        ("\udcff", "\\udcff"),
        ("[red]:smile:", "[red]:smile:"),
        ("two\n\tlines", "two\n\tlines"),
    ],
)
def test_what_cannot_be_seen_is_escaped(text: str, seen: str) -> None:
    assert shown(text) == seen
    assert shown(shown(text)) == seen


def test_a_name_is_one_line() -> None:
    assert shown("two\n\tlines", one_line=True) == "two\\n\\tlines"
