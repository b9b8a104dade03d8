"""A record with a field more, less or odd is read or named; whatever is read can be shown."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.errors import ScorerError
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import parse_record, read_records, save_record
from scorer.results.schema import record_type
from scorer.results.tables import group_markdown, group_table, plain_text, record_tables
from tests.results._records import make_record

ODD: tuple[Any, ...] = (
    *(None, "x", "", "9" * 5000, [], [1], {}, {"a": 1}, {"hard": None}),
    *(-1, 0, True, 0.5, 1e308, 2**60),
)
KIND = record_type()


def paths(node: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every field."""
    for key, value in node.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from paths(value, (*before, key))


def variants() -> Iterator[dict[str, Any]]:
    """Yield the JSON of a record without each of its fields, and with odd values for it."""
    whole = make_record("odd").as_dict()
    for path in paths({**whole, "provenance": {}}):
        for odd in (*ODD, ...):
            values = copy.deepcopy(whole)
            node = values
            for key in path[:-1]:
                node = node[key]
            if odd is ...:
                del node[path[-1]]
            else:
                node[path[-1]] = odd
            yield values


@pytest.mark.filterwarnings("error")
def test_whatever_is_read_can_be_ranked_and_shown() -> None:
    good, n_read, n_refused = make_record("good"), 0, 0
    for number, values in enumerate(variants()):
        try:
            record = parse_record(values, Path("odd.json"), KIND)
        except ScorerError:
            n_refused += 1
            continue
        n_read += 1
        for group in build_leaderboard([record, good]).groups:
            group_markdown(group)
            if number % 64 == 0:  # to lay a table out takes longer than all the rest
                plain_text(group_table(group), *record_tables(record))
        json.dumps(build_leaderboard([record]).as_dict(), allow_nan=False)
    assert n_read > 300 and n_refused > 300


def test_fields_that_are_not_known_are_said(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        path = save_record(make_record(name), {}, None, tmp_path)
        if name != "c":
            more = {"tomorrow": 1, "after": [2]}
            path.write_text(json.dumps(json.loads(path.read_text()) | more))
    assert read_records(tmp_path).left_out == {
        f"run-{name}": ["after", "tomorrow"] for name in ("a", "b")
    }
    for call in (("leaderboard",), ("ls", "results")):
        result = CliRunner().invoke(main, [*call, "--results-dir", str(tmp_path)])
        assert result.exit_code == 0
        assert "note: not known here, kept and not shown: after, tomorrow of 2 records" in (
            result.stderr
        )
        assert "tomorrow" not in result.stdout
