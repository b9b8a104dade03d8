"""Records of older schemas: a file that an older kit wrote is read, its numbers unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scorer.measures import fields
from scorer.results.record import parse_record, read_record
from scorer.results.schema import SCHEMA_VERSION, Conditions, record_type

VERSION_1 = Path(__file__).parent / "data" / "version-1.json"
"""Written by `score adversarial` of the last release with schema 1."""


def newer_than_version_1() -> dict[str, str]:
    """Return what a record read from that file lacks: fields that were added since."""
    kept = json.loads(VERSION_1.read_text())
    names = {path.split(".")[0] for path in fields()} | set(Conditions.__struct_fields__)
    known = {"missing", "scenario", "requests"}  # of which a step says what they were
    return dict.fromkeys(names - kept.keys() - known, "not in the file")


def test_a_file_of_version_1_keeps_all_its_numbers() -> None:
    kept = json.loads(VERSION_1.read_text())
    record = read_record(VERSION_1)
    values = record.as_dict()
    assert (kept.pop("schema_version"), values["schema_version"]) == (1, SCHEMA_VERSION)
    assert {name: values[name] for name in kept} == kept
    assert record.unknown == {}
    assert record.missing == newer_than_version_1()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_what_is_older_than_scenarios_is_of_the_standard_one(version: int) -> None:
    values = {**json.loads(VERSION_1.read_text()), "schema_version": version}
    record = parse_record(values, VERSION_1, record_type())
    assert (record.scenario, record.requests) == ("standard", [])
    assert record.identity["scenario"] == "standard"


def test_failed_runs_of_version_1_become_the_reason() -> None:
    values = json.loads(VERSION_1.read_text())
    values |= {"faults": [{"fault": "raised", "message": "x", "trace": "", "run": 0}]}
    values |= {"forgetting_quality": None, "klom": {}, "accuracy": {}}
    record = parse_record(values, VERSION_1, record_type())
    assert record.klom is None
    failed = ("forgetting_quality", "klom", "accuracy")
    assert {name: record.missing[name] for name in failed} == dict.fromkeys(
        failed, "1 of 64 runs failed: raised"
    )
    assert record.missing.keys() == {*failed, *newer_than_version_1()}


def test_few_models_of_version_1_left_fields_out() -> None:
    values = json.loads(VERSION_1.read_text())
    del values["certified"]["share_positive"]
    record = parse_record(values, VERSION_1, record_type())
    lacking = {"certified.share_positive": "not in the file"}
    assert record.missing == {**lacking, **newer_than_version_1()}
