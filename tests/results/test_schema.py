"""The published schema is what the code reads and writes."""

from __future__ import annotations

import json
from pathlib import Path

from scorer.measures import fields
from scorer.results.schema import Conditions, write_schema
from scorer.settings import PROJECT_ROOT


def test_the_kept_schema_is_what_the_code_gives(tmp_path: Path) -> None:
    for path in write_schema(tmp_path):
        kept = (PROJECT_ROOT / "docs" / path.name).read_text()
        assert kept == path.read_text(), f"docs/{path.name}: run `python -m scorer readme`"


def test_the_schema_names_unit_and_direction_of_every_number(tmp_path: Path) -> None:
    as_json, as_text = write_schema(tmp_path)
    schema = json.loads(as_json.read_text())
    properties = schema["$defs"]["Record"]["properties"]
    assert set(properties) == {*Conditions.__struct_fields__, *(f.split(".")[0] for f in fields())}
    assert properties["time_ratio"]["higher_is_better"] is False
    assert properties["peak_mib"]["unit"] == "MiB"
    rows = [line for line in as_text.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) == len(fields()) + len(Conditions.__struct_fields__)
    assert "| `peak_mib` | MiB | lower | largest memory of a run's process |" in rows
