"""Entries, and what follows from them before anything is computed."""

from __future__ import annotations

import pytest

from scorer.measures.base import Measure, Measured, Measurement, value_at

ENTRY = Measurement(
    "groups.*.quality",
    "a quality",
    unit="points",
    higher_is_better=True,
    ceiling="groups.*.ceiling",
    floor=0.0,
    score_line="{key} of {n}",
    place=7,
)


def test_values_are_found_by_path_number_or_function() -> None:
    values = {"a": {"b": 0.5}, "c": None}
    assert value_at(values, "a.b") == 0.5
    assert value_at(values, 1.0) == 1.0
    assert value_at(values, lambda them: them["a"]["b"] * 2) == 1.0
    assert [value_at(values, path) for path in ("a.x", "c.d", "x", None)] == [None] * 4


def test_an_entry_with_a_star_has_a_line_a_key() -> None:
    values = {"groups": {"one": {"n": 3, "quality": 0.5}, "two": {"n": None}}}
    lines = list(ENTRY.lines(values))
    assert [line.score_line for line in lines] == ["one of 3", "two of -"]
    assert [line.ceiling for line in lines] == ["groups.one.ceiling", "groups.two.ceiling"]
    assert [line.floor for line in lines] == [0.0, 0.0]
    assert list(ENTRY.lines({"groups": None})) == []


@pytest.mark.parametrize("other", ["groups.*.ceiling", "groups.*.*"])
def test_fields_that_an_entry_names_are_fields_unless_they_have_an_entry(other: str) -> None:
    def family(*entries: Measurement) -> Measure:
        return Measure("m", "", frozenset(), entries, lambda evidence: Measured())

    alone = family(ENTRY).fields()
    assert list(alone) == ["groups.*.quality", "groups.*.ceiling"]
    assert alone["groups.*.ceiling"].unit == "points"
    assert alone["groups.*.ceiling"].place == 7
    both = family(ENTRY, Measurement(other, "its own entry")).fields()
    assert list(both) == ["groups.*.quality", other]
    assert both[other].about == "its own entry"
