"""Records on disk: numbers as numbers, whole or absent, refused in another schema."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scorer.errors import ScorerError
from scorer.results.record import read_arrays, read_record, read_records, save_record
from tests.results.conftest import make_record


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


def test_not_a_number_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        save_record(make_record(final_score=float("nan")), {}, None, tmp_path)
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ('{"schema_version": 0}', "must have schema_version 1, got 0"),
        ('{"schema_version": 1}', "must have the fields"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ScorerError, match=message):
        read_record(path)
