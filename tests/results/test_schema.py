"""The published schema is what the code reads and writes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from scorer.measures import fields
from scorer.results.schema import Conditions, schema_json, schema_markdown
from scorer.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    ("name", "made"), [("schema.json", schema_json), ("schema.md", schema_markdown)]
)
def test_the_kept_schema_is_what_the_code_gives(name: str, made: Callable[[], str]) -> None:
    kept = (PROJECT_ROOT / "docs" / name).read_text()
    assert kept == made(), f"docs/{name}: run `python -m scorer readme`"


def test_the_schema_names_unit_and_direction_of_every_number() -> None:
    schema = json.loads(schema_json())
    properties = schema["$defs"]["Record"]["properties"]
    assert set(properties) == {*Conditions.__struct_fields__, *(f.split(".")[0] for f in fields())}
    assert properties["time_ratio"]["higher_is_better"] is False
    assert properties["peak_mib"]["unit"] == "MiB"
    rows = [line for line in schema_markdown().splitlines() if line.startswith("| `")]
    assert len(rows) == len(fields()) + len(Conditions.__struct_fields__)
    assert "| `peak_mib` | MiB | lower | largest memory of a process of the runs |" in rows
