"""Records on disk: whole or absent, read as far as they go, and never in each other's way."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer import files
from scorer.errors import ScorerError
from scorer.files import DiskError
from scorer.measures.base import Measured
from scorer.results.failures import describe_faults
from scorer.results.record import (
    STUDIES_FOLDER,
    TUNING_FOLDER,
    new_record,
    parse_record,
    read_arrays,
    read_record,
    read_records,
    save_record,
)
from scorer.results.schema import SCHEMA_VERSION, record_type
from tests.results._records import make_record, plausible_measured

KIND = record_type()


def rewritten(path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Change the JSON of a file in place."""
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    return path


def test_round_trip(tmp_path: Path) -> None:
    record = make_record()
    path = save_record(record, {"epsilons": np.arange(3.0)}, b"source", tmp_path)
    assert path == tmp_path / "digits" / "finetune" / "run-finetune.json"
    assert read_record(path) == record
    assert list(read_records(tmp_path)) == [record]
    assert list(read_records(tmp_path, "cifar10")) == []
    np.testing.assert_array_equal(read_arrays(record, tmp_path)["epsilons"], np.arange(3.0))
    assert path.with_suffix(".py").read_bytes() == b"source"


def test_the_json_has_the_promised_keys_as_numbers(tmp_path: Path) -> None:
    path = save_record(make_record(), {}, None, tmp_path)
    values = json.loads(path.read_text())
    numbers = ("forgetting_quality", "forgetting_quality_se", "ceiling", "relative_score",
               "final_score", "time_ratio", "n_models", "delta", "retain_accuracy",
               "test_accuracy")  # fmt: skip
    assert all(isinstance(values[name], (int, float)) for name in numbers)
    assert (values["task"], values["method"], values["faults"]) == ("digits", "finetune", [])
    assert values["schema_version"] == SCHEMA_VERSION


def test_not_a_number_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        save_record(make_record(final_score=float("nan")), {}, None, tmp_path)
    assert list(tmp_path.rglob("*")) == []


def test_what_was_measured_is_read_as_attributes() -> None:
    record = make_record(final_score=0.125)
    assert record.final_score == 0.125
    with pytest.raises(AttributeError, match="a record has no 'finalscore'"):
        record.finalscore  # noqa: B018


def test_a_new_record_gives_its_faults_as_the_reason_for_what_is_missing() -> None:
    conditions = {
        name: getattr(make_record(), name)
        for name in ("method", "task", "fingerprint", "engine_id", "n_models", "rule", "delta",
                     "design", "scenario", "budget")
    }  # fmt: skip
    nothing = Measured(
        dict.fromkeys(plausible_measured()), dict.fromkeys(plausible_measured(), "needs models")
    )
    faults = [{"fault": "raised", "message": "x", "trace": "", "run": run} for run in (0, 3)]
    failed = new_record(measured=nothing, faults=faults, **conditions)
    assert failed.missing["final_score"] == "2 of 64 runs failed: raised"
    assert new_record(measured=nothing, faults=[], **conditions).missing["klom"] == "needs models"
    with pytest.raises(msgspec.ValidationError, match=r"got `str` - at `\$\.n_models`"):
        new_record(measured=nothing, faults=[], **{**conditions, "n_models": "64"})


def test_a_fault_of_the_file_is_one_of_all_its_runs() -> None:
    def said(fault: str, n_not_made: int | None) -> str:
        return describe_faults([{"fault": fault, "run": 0}], 8, n_not_made)

    assert said("import_error", 7) == "none of 8 runs can work: import_error"
    assert said("bad_signature", 7) == "none of 8 runs can work: bad_signature"
    assert said("raised", 7) == "1 of 8 runs failed, 7 were not made: raised"
    assert said("import_error", 0) == "1 of 8 runs failed: import_error", "others were made"
    assert describe_faults([], 8, 0) == ""


def test_unknown_fields_are_kept_and_written_back(tmp_path: Path) -> None:
    path = save_record(make_record(), {}, None, tmp_path)
    rewritten(path, lambda values: values.update(tomorrow={"a": [1]}))
    record = read_record(path)
    assert record.unknown == {"tomorrow": {"a": [1]}}
    again = save_record(record, {}, None, tmp_path / "again")
    assert json.loads(again.read_text())["tomorrow"] == {"a": [1]}


@pytest.mark.parametrize("path_of_field", ["klom", "klom.val", "strata.hard.n_examples", "budget"])
def test_a_missing_field_is_none_with_the_reason(tmp_path: Path, path_of_field: str) -> None:
    def drop(values: dict[str, Any]) -> None:
        *parents, leaf = path_of_field.split(".")
        for part in parents:
            values = values[part]
        del values[leaf]

    path = rewritten(save_record(make_record(), {}, None, tmp_path), drop)
    record = read_record(path)
    assert record.missing == {path_of_field: "not in the file"}
    assert record.why_missing(f"{path_of_field}.deeper") == "not in the file"
    assert record.why_missing("final_score") is None
    assert read_record(save_record(record, {}, None, tmp_path / "again")) == record


BAD = {
    "broken": ("{", "is not JSON"),
    "empty": ("", "is not JSON"),
    "binary": (b"\xff\x00", "is not JSON"),
    "not_utf8": (b'{"schema_version": "\xff"}', "is not JSON"),
    "not_a_number": ('{"schema_version": NaN}', "is not JSON"),
    "deep": ("[" * 100_000, "is not JSON"),
    "list": ("[]", "Expected `object`, got `array`"),
    "null": ("null", "Expected `object`, got `null`"),
    "no_version": ("{}", f"must have a schema_version from 1 to {SCHEMA_VERSION}, got None"),
    "old": ('{"schema_version": 0}', f"must have a schema_version from 1 to {SCHEMA_VERSION}"),
    "true": ('{"schema_version": true}', "must have a schema_version from 1 to"),
    "newer": ('{"schema_version": 99}', "got 99; a newer kit wrote it, update this one"),
    "no_fields": ('{"schema_version": 1}', "missing required field `method`"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_file_is_reported_beside_the_others(tmp_path: Path, name: str) -> None:
    content, message = BAD[name]
    good = save_record(make_record("good"), {}, None, tmp_path)
    bad = good.with_name("bad.json")
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read_records(tmp_path)
    assert [record.method for record in found] == ["good"]
    (problem,) = found.problems
    assert problem.path == bad
    assert problem.message.startswith(str(bad))
    assert message in problem.message


WRONG = {
    "method": 3,
    "run_id": "../escaped",
    "task": "a\0b",
    "n_models": True,
    "delta": "small",
    "faults": [1],
    "provenance": [],
    "missing": {"klom": 1},
    "final_score": "0.5",
    "within_budget": 1,
    "strata": {"hard": 0.5},
    "accuracy": [0.5],
    "klom": {"forget": {}},
}


@pytest.mark.parametrize("name", WRONG)
def test_another_type_is_that_files_problem(tmp_path: Path, name: str) -> None:
    save_record(make_record("good"), {}, None, tmp_path)
    bad = save_record(make_record("bad"), {}, None, tmp_path)
    rewritten(bad, lambda values: values.update({name: WRONG[name]}))
    found = read_records(tmp_path)
    assert [record.method for record in found] == ["good"]
    assert [problem.path for problem in found.problems] == [bad]
    assert f"$.{name}" in found.problems[0].message


def test_what_is_no_file_is_reported_too(tmp_path: Path) -> None:
    path = save_record(make_record(), {}, None, tmp_path)
    path.with_name("folder.json").mkdir()
    path.with_name("gone.json").symlink_to(tmp_path / "nowhere.json")
    os.mkfifo(path.with_name("fifo.json"))
    found = read_records(tmp_path)
    assert len(found.records) == 1
    assert [problem.path.name for problem in found.problems] == [
        "fifo.json",
        "folder.json",
        "gone.json",
    ]
    assert all("cannot be read" in problem.message for problem in found.problems)


@pytest.mark.parametrize("damage", ["missing", "cut", "not_a_zip", "folder", "fifo"])
def test_a_record_without_its_arrays_is_read_and_named(tmp_path: Path, damage: str) -> None:
    path = save_record(make_record(), {"epsilons": np.arange(99.0)}, None, tmp_path)
    arrays = path.with_suffix(".npz")
    content = arrays.read_bytes()
    arrays.unlink()
    if damage == "folder":
        arrays.mkdir()
    elif damage == "fifo":
        os.mkfifo(arrays)
    elif damage != "missing":
        arrays.write_bytes(content[:-30] if damage == "cut" else b"\x93NUMPY")
    found = read_records(tmp_path)
    (record,), (problem,) = found.records, found.problems
    assert problem.path == arrays
    assert "the record is ranked, but `compare` needs them" in problem.message
    with pytest.raises(ScorerError, match="must hold the arrays of the record beside it"):
        read_arrays(record, tmp_path)


def test_a_record_that_names_arrays_which_no_file_can_hold(tmp_path: Path) -> None:
    path = save_record(make_record(), {}, None, tmp_path)
    rewritten(path, lambda values: values.update(run_id="x" * 300))
    found = read_records(tmp_path)
    assert len(found.records) == len(found.problems) == 1


def test_arrays_whose_bytes_changed_are_refused(tmp_path: Path) -> None:
    record = make_record()
    arrays = save_record(record, {"a": np.arange(99.0)}, None, tmp_path).with_suffix(".npz")
    content = bytearray(arrays.read_bytes())
    content[60:90] = b"x" * 30
    arrays.write_bytes(content)
    with pytest.raises(ScorerError, match=r"run-finetune\.npz must hold the arrays"):
        read_arrays(record, tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_field_it_is_a_record_or_that_files_problem(
    data: st.DataObject,
) -> None:
    values = make_record().as_dict()
    for _ in range(data.draw(st.integers(1, 3))):
        node = values
        while True:
            key = data.draw(st.sampled_from(sorted(node)))
            if not (isinstance(node[key], dict) and node[key] and data.draw(st.booleans())):
                break
            node = node[key]
        node[key] = data.draw(JSON)
    with suppress(ScorerError):
        record = parse_record(json.loads(json.dumps(values)), Path("a.json"), KIND)
        assert record.as_dict()["run_id"]


@settings(max_examples=100, deadline=None)
@given(position=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.booleans())
def test_whatever_bytes_a_file_has_it_is_a_record_or_a_problem(
    position: int, byte: int, cut: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save_record(make_record(), {}, None, Path(folder))
        content = bytearray(path.read_bytes())
        position %= len(content)
        content[position] = byte
        path.write_bytes(content[:position] if cut else content)
        found = read_records(Path(folder))
    assert len(found.records) + len(found.problems) >= 1


def test_a_record_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, *_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(files, "write_durably", fail)
    with pytest.raises(DiskError, match="No space left on device; make room"):
        save_record(make_record(), {"a": np.zeros(3)}, None, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("faults", "not_made", "said"),
    [
        ([], 0, ""),
        (["run"], 63, "1 of 64 runs failed, 63 were not made: raised"),
        (["run", "run"], 0, "2 of 64 runs failed: raised"),
        (["run", "audit"], 0, "1 of 64 runs failed, the audited run failed: raised"),
        (["audit"], 0, "the audited run failed: raised"),
        (["run"], None, "1 of 64 runs failed: raised"),
    ],
)
def test_what_failed_is_said_in_one_line(
    faults: list[str], not_made: int | None, said: str
) -> None:
    given = [
        {"fault": "raised", "message": "", "trace": "", "run": k, "kind": kind}
        for k, kind in enumerate(faults)
    ]
    assert make_record(faults=given, runs_not_made=not_made).failure == said


def test_faults_of_former_releases_name_no_kind(tmp_path: Path) -> None:
    given = [{"fault": "raised", "message": "", "trace": "", "run": 3}]
    path = save_record(make_record(faults=given), {}, None, tmp_path)
    assert read_record(path).failure == "1 of 64 runs failed: raised"


@pytest.mark.parametrize("folder", [STUDIES_FOLDER, TUNING_FOLDER])
def test_what_lies_beside_the_tasks_is_no_record_with_a_problem(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / folder / "digits").mkdir(parents=True)
    (tmp_path / folder / "digits" / "finetune.json").write_text("{}")
    found = read_records(tmp_path)
    assert (found.records, found.problems) == ([], [])
