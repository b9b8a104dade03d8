"""The leaderboard of a competition: columns that the platform takes, for scores that there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scorer.host.columns import COLUMNS, RANK

RULES = (
    "Add", "Add_And_Delete", "Add_And_Delete_Multiple", "Force_Last", "Force_Latest_Multiple",
    "Force_Best",
)  # fmt: skip
"""What the platform knows of which submission of a participant counts."""

LONGEST, LONGEST_TITLE = 36, 64
"""Characters of keys and of columns' titles; of the board's own title."""


def board_problems(values: dict[str, Any], bundle: Path) -> Iterator[str]:
    """Yield what is wrong with the leaderboard."""
    del bundle
    if "leaderboard" in values:
        yield "leaderboard must be called leaderboards: the other is not read"
    boards = values.get("leaderboards") or []
    if not boards:
        yield "leaderboards must hold a board, got none: the bundle would be refused"
    for board in boards:
        yield from _of_board(board)


def _of_board(board: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one board."""
    rule = board.get("submission_rule")
    if rule not in RULES:
        yield f"submission_rule must be one of {', '.join(RULES)}, got {rule!r}"
    for name, most in (("title", LONGEST_TITLE), ("key", LONGEST)):
        yield from _short(f"{name} of the leaderboard", board.get(name), most)
    columns = board.get("columns") or []
    if not columns:
        yield "the leaderboard must have columns, got none"
        return
    for column in columns:
        for name in ("title", "key"):
            yield from _short(f"{name} of column {column.get('key')!r}", column.get(name), LONGEST)
        if column.get("sorting", "desc") not in ("asc", "desc"):
            yield f"sorting of column {column.get('key')!r} must be asc or desc"
        if type(column.get("precision", 2)) is not int:
            yield f"precision of column {column.get('key')!r} must be a number of digits"
    for name in ("index", "key"):
        counted = Counter(column.get(name) for column in columns)
        twice = [each for each, n in counted.items() if n > 1]
        if twice or None in counted:
            yield f"every column must have {name} of its own, got {twice[0] if twice else None!r}"
    by_index = {column.get("index"): column for column in columns}
    primary = by_index.get(board.get("primary_index", 0))
    if primary is None:
        yield f"primary_index must be that of a column, got {board.get('primary_index')!r}"
    elif (primary.get("key"), primary.get("sorting", "desc")) != (RANK, "desc"):
        yield f"the board must be sorted by {RANK}, largest first, got {primary.get('key')!r}"
    keys, written = {column.get("key") for column in columns}, {each.key for each in COLUMNS}
    for key in sorted(written - keys):
        yield f"scores.json has {key!r}, and no column of that key: it would be dropped in silence"
    for key in sorted(str(key) for key in keys - written):
        yield f"column {key!r} would stay empty: scores.json has no such key"


def _short(what: str, text: Any, most: int) -> Iterator[str]:
    """Yield where a text is not there or too long."""
    if not text or not isinstance(text, str):
        yield f"{what} must be a text, got {text!r}"
    elif len(text) > most:
        yield f"{what} must have at most {most} characters, got {len(text)}"
