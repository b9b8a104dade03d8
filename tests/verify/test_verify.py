"""A record that holds is said to hold, and one that was touched is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from scorer.cli import main
from scorer.errors import UsageError
from scorer.results.arrays import read_npz
from scorer.results.check import CANNOT_TELL, FAILS, HOLDS, Check
from scorer.results.find import find_record
from scorer.results.record import read_record
from scorer.results.tables import checks_table, plain_text
from scorer.verify.again import compare
from scorer.verify.make import path_of
from scorer.verify.rescore import rescore
from tests.results._records import make_record

SOURCE = """
import torch
def unlearning(net, retain, forget, val):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    net.train()
    for images, labels in retain:
        loss = torch.nn.functional.cross_entropy(net(images), labels)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
"""


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None) -> None:
    """Let the commands know the tiny task, and an engine that starts no workers."""


def call(verb: str, what: str, folder: Path, *arguments: str) -> Result:
    fixed = ("--task", "tiny", "--engine", "inline", "--workers", "1", "--device", "cpu")
    folders = ("--cache-dir", str(folder / "cache"), "--results-dir", str(folder / "results"))
    return CliRunner().invoke(main, [verb, what, *fixed, *folders, *arguments])


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with cache and results in which a submission is scored once."""
    return tmp_path_factory.mktemp("verify")


@pytest.fixture
def file(scored: Path) -> Path:
    """Return the JSON of the record."""
    found = sorted(scored.glob("results/tiny/mine/*.json"))
    if not found:
        mine = scored / "mine.py"
        mine.write_text(SOURCE)
        result = call("score", str(mine), scored, "--n-models", "4")
        assert result.exit_code == 0, result.stderr
        found = sorted(scored.glob("results/tiny/mine/*.json"))
    return found[0]


@pytest.fixture
def copy(file: Path, tmp_path: Path) -> Path:
    """Return the JSON of a copy of the record, its arrays and its source, to be touched."""
    for ending in (".json", ".npz", ".py"):
        shutil.copy(file.with_suffix(ending), tmp_path)
    return tmp_path / file.name


def verdicts(result: Result) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in json.loads(result.stdout)["checks"]}


def change(copy: Path, **arrays: np.ndarray) -> None:
    """Put other arrays beside a record."""
    kept = read_npz(copy.with_suffix(".npz"))
    np.savez_compressed(copy.with_suffix(".npz"), **{**kept, **arrays})  # type: ignore[arg-type]


def edit(copy: Path, **changes: Any) -> None:
    """Change fields of a record."""
    copy.write_text(json.dumps(json.loads(copy.read_text()) | changes))


def test_a_record_of_this_machine_holds_to_the_byte(scored: Path, file: Path) -> None:
    result = call("verify", "mine", scored, "--json")
    assert result.exit_code == 0, result.stderr + result.stdout
    values = json.loads(result.stdout)
    assert values["holds"] and values["run_id"] == file.stem
    found = {check["name"]: check for check in values["checks"]}
    assert {check["verdict"] for check in found.values()} == {HOLDS}
    assert "all 2 " in found["oracles made again"]["said"]
    assert "have the same bytes" in found["runs made again"]["said"]
    assert "sd of single oracles" in found["test images unseen"]["said"]


def test_models_of_another_secret_are_found_out(scored: Path, copy: Path) -> None:
    edit(copy, pool_secret="a" * 64)
    result = call("verify", str(copy), scored, "--json", "--again", "1")
    assert result.exit_code == 1
    found = verdicts(result)
    assert found["oracles made again"] == FAILS
    assert found["scored again"] == found["banks"] == HOLDS
    assert found["test images unseen"] == CANNOT_TELL  # the cache has no such pool


def test_another_file_cannot_be_run_again(scored: Path, copy: Path) -> None:
    copy.with_suffix(".py").write_text(SOURCE + "# changed\n")
    result = call("verify", str(copy), scored, "--again", "1")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert "runs made again" in text and "is another now" in text


def test_nothing_is_made_where_nothing_is_asked_for(scored: Path, copy: Path) -> None:
    result = call("verify", str(copy), scored, "--json", "--again", "0")
    assert result.exit_code == 0
    assert verdicts(result)["oracles made again"] == CANNOT_TELL
    assert verdicts(result)["scored again"] == HOLDS


def test_a_row_of_the_kit_has_no_runs(scored: Path, file: Path) -> None:
    assert call("score", "retrain", scored, "--n-models", "4").exit_code == 0
    result = call("verify", "retrain", scored, "--json", "--again", "1")
    assert result.exit_code == 0, result.stdout
    found = verdicts(result)
    assert found["scored again"] == found["oracles made again"] == HOLDS
    assert found["runs made again"] == CANNOT_TELL


@pytest.mark.parametrize(
    "provenance",
    [{}, {"path": {"name": "loop"}}, {"path": 3}, {"path": {"name": "x", "k": 1, "device": "cpu",
     "dtype": "float32"}}],
)  # fmt: skip
def test_a_record_may_not_say_how_it_was_made(provenance: dict[str, Any]) -> None:
    assert path_of(make_record(provenance=provenance)) is None


def test_a_record_that_does_not_say_how_is_not_made_again(scored: Path, copy: Path) -> None:
    edit(copy, provenance={"path": 3})
    result = call("verify", str(copy), scored, "--json")
    assert result.exit_code == 0, result.stderr
    assert verdicts(result)["oracles made again"] == CANNOT_TELL


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pool_secret": "short"}, "--secret must be 64 hexadecimal digits"),
        ({"design": "reuse-3"}, "must be a multiple of 3"),
        ({"rule": "exakt"}, "unknown rule 'exakt'"),
        ({"task": "other"}, "the record is of task other"),
    ],
)
def test_a_record_that_fits_nothing_is_refused_in_one_line(
    scored: Path, copy: Path, changes: dict[str, Any], message: str
) -> None:
    edit(copy, **changes)
    result = call("verify", str(copy), scored, "--again", "1")
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("width", [60, 80])
def test_the_table_is_whole_on_narrow_terminals(width: int) -> None:
    checks = [Check("test images unseen", FAILS, "a long sentence " * 20)]
    text = plain_text(checks_table(make_record("name" * 20), checks), width=width)
    assert "…" not in text and max(map(len, text.splitlines())) <= width
    assert "does not hold" in " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize(
    "role", ["unlearned_confidence", "oracle_confidence", "control_accuracy_test"]
)
def test_touched_arrays_give_other_numbers(copy: Path, role: str) -> None:
    array = read_npz(copy.with_suffix(".npz"))[role].copy()
    array.flat[3] += 2.5
    change(copy, **{role: array})
    checks = rescore(read_record(copy), read_npz(copy.with_suffix(".npz")))
    assert checks[0].verdict == FAILS
    assert (checks[1].verdict == FAILS) is (role == "oracle_confidence")


@pytest.mark.parametrize(
    "touched",
    [{"within_budget": None},
     {"forgetting_quality": 0.9, "final_score": None, "time_ratio": 0.001,
      "permutation_p_value": 0.7}],
)  # fmt: skip
def test_touched_numbers_are_named(copy: Path, touched: dict[str, Any]) -> None:
    edit(copy, **touched)
    (numbers, banks) = rescore(read_record(copy), read_npz(copy.with_suffix(".npz")))
    assert numbers.verdict == FAILS and banks.verdict == HOLDS
    assert "are others: " in numbers.said
    for field in touched:
        assert field in numbers.said, field


def test_what_a_record_does_not_hold_is_said(file: Path) -> None:
    numbers, _ = rescore(read_record(file), read_npz(file.with_suffix(".npz")))
    assert numbers.verdict == HOLDS
    assert "klom (confidences on retain)" in numbers.said


def test_arrays_of_nothing_and_of_other_models_do_not_hold(copy: Path) -> None:
    record, arrays = read_record(copy), read_npz(copy.with_suffix(".npz"))
    for wrong in ({}, {**arrays, "oracle_confidence": arrays["oracle_confidence"][:3]}):
        (check,) = rescore(record, wrong)
        assert check.verdict == FAILS
        assert "the arrays are not those of a score" in check.said


def test_an_older_record_is_not_blamed(copy: Path) -> None:
    values = json.loads(copy.read_text())
    del values["bank_sha256"]
    copy.write_text(json.dumps(values | {"schema_version": 2}))
    (check,) = rescore(read_record(copy), read_npz(copy.with_suffix(".npz")))
    assert check.verdict == CANNOT_TELL


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nobody",), 2, "unknown result 'nobody'"),
        (("none/such.json",), 2, "no file 'none/such.json'"),
        (("mine", "--again", "5"), 2, "--again must be from 0 to N = 4, got 5"),
    ],
)
def test_what_cannot_be_verified_is_refused(
    scored: Path, file: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = call("verify", arguments[0], scored, *arguments[1:])
    assert result.exit_code == code
    assert message in result.stderr


@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_damaged_arrays_are_named(scored: Path, copy: Path, damage: str) -> None:
    arrays = copy.with_suffix(".npz")
    content = arrays.read_bytes()[:200]
    arrays.unlink()
    if damage == "cut":
        arrays.write_bytes(content)
    result = call("verify", str(copy), scored, "--again", "0")
    assert result.exit_code == 1
    assert "must hold the arrays of the record beside it" in result.stderr


def test_records_are_found_by_method_id_and_file(scored: Path, file: Path) -> None:
    results = scored / "results"
    for what in ("mine", file.stem, str(file)):
        record, path = find_record(what, "tiny", results)
        assert (record.run_id, path) == (file.stem, file)
    with pytest.raises(UsageError, match=r"unknown result 'min'\. Did you mean mine"):
        find_record("min", "tiny", results)


def test_other_bytes_fail_on_one_kind_of_machine_and_are_judged_by_law_on_another() -> None:
    rng = np.random.default_rng(0)
    bank = rng.normal(size=(32, 40)).astype(np.float32).astype(np.float64)
    assert compare("x", bank[[3]].astype(np.float32), bank, [3], is_same=True).verdict == HOLDS
    fresh = rng.normal(size=(2, 40)).astype(np.float32)
    assert compare("x", fresh, bank, [1, 2], is_same=True).verdict == FAILS
    check = compare("x", fresh, bank, [1, 2], is_same=False)
    assert check.verdict == HOLDS and "agree with the law" in check.said
    check = compare("x", fresh + 3, bank, [1, 2], is_same=False)
    assert check.verdict == FAILS and "of another law" in check.said
