"""A bank out of one cache and into another: the same models, or a message."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer.bank.export import export_bank
from scorer.bank.file import BankFile, member_of
from scorer.bank.install import install
from scorer.engines.base import no_progress
from scorer.errors import ScorerError, UsageError
from scorer.oracles.pool import Pool
from scorer.results.provenance import bank_sha256
from scorer.store import ARRAYS, MANIFEST, WEIGHTS
from tests._engine import InlineEngine
from tests.conftest import tiny_definition

ROLES = {"original": 1, "oracle": 3, "control": 3}


@pytest.fixture(scope="module")
def bank(tiny_pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bank") / "tiny.bank.zip"
    export_bank(path, tiny_pool, ROLES, weights=False)
    return path


def rewritten(bank: Path, path: Path, change: Callable[[dict[str, bytes]], None]) -> BankFile:
    """Return a bank with other members."""
    with zipfile.ZipFile(bank) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    change(contents)
    with zipfile.ZipFile(path, "w") as made:
        for name, content in contents.items():
            made.writestr(name, content)
    return BankFile(path)


def test_what_comes_out_of_another_cache_is_what_went_in(
    bank: Path, tiny_pool: Pool, tmp_path: Path
) -> None:
    pool, n_new = install(BankFile(bank), tiny_pool.task, tmp_path)
    assert n_new == 6 and pool.root.name == tiny_pool.root.name
    for role in ("oracle", "control"):
        for index in range(3):
            own, other = pool.store(role), tiny_pool.store(role)
            for file in (MANIFEST, ARRAYS):
                one, two = (store.folder(index) / file for store in (own, other))
                assert one.read_bytes() == two.read_bytes()
    assert install(BankFile(bank), tiny_pool.task, tmp_path)[1] == 0
    engine = InlineEngine(1)
    assert pool.ensure({"oracle": 3, "control": 3}, engine, no_progress) == 0, "nothing to train"
    assert pool.store("original").missing(1) == [0], "originals go along with weights alone"
    banks = {role: pool.bank(role, 3).confidence() for role in ("oracle", "control")}
    assert BankFile(bank).about.bank_sha256 == bank_sha256(banks)


def test_with_weights_the_original_goes_along(tiny_pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "with.zip"
    export_bank(path, tiny_pool, ROLES, weights=True)
    pool, n_new = install(BankFile(path), tiny_pool.task, tmp_path / "cache")
    assert n_new == 7
    kept = pool.original_weights(0)
    assert kept.keys() == tiny_pool.original_weights(0).keys()
    assert member_of("original", 0, WEIGHTS) in BankFile(path).about.members


def test_the_accuracies_are_those_of_the_models(bank: Path, tiny_pool: Pool) -> None:
    lines = BankFile(bank).content("accuracies.csv").decode().splitlines()
    assert lines[0].startswith("role,index,retain_accuracy,forget_accuracy")
    role, index, *values = lines[2].split(",")
    assert (role, index, len(lines)) == ("oracle", "1", 7)
    wanted = tiny_pool.bank("oracle", 3).accuracy("test")[1]
    np.testing.assert_allclose(float(values[3]), wanted, atol=1e-6)


def test_equal_models_give_an_equal_file(bank: Path, tiny_pool: Pool, tmp_path: Path) -> None:
    beside = export_bank(tmp_path / bank.name, tiny_pool, ROLES, weights=False)
    assert (tmp_path / bank.name).read_bytes() == bank.read_bytes()
    described = json.loads(beside.read_text())
    sums = {each["name"]: each.get("sha256") for each in described["distribution"]}
    assert sums["accuracies.csv"] == BankFile(bank).about.members["accuracies.csv"]


def test_a_bank_of_another_task_is_refused_by_name(
    bank: Path, tiny_pool: Pool, tmp_path: Path
) -> None:
    other = replace(tiny_pool.task, definition=tiny_definition(name="other", recipe=replace(
        tiny_pool.task.definition.recipe, epochs=3)))  # fmt: skip
    with pytest.raises(ScorerError, match=r"must be a bank of other, split 0.*got one of tiny"):
        install(BankFile(bank), other, tmp_path)
    assert not list(tmp_path.rglob(MANIFEST))


def set_about(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        about = json.loads(contents["bank.json"])
        contents["bank.json"] = json.dumps({**about, **values}).encode()

    return change


def flip(member: str) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        content = bytearray(contents[member])
        content[-1] ^= 1
        contents[member] = bytes(content)

    return change


def swap(contents: dict[str, bytes]) -> None:
    """Put models under each other's numbers, digests included."""
    about = json.loads(contents["bank.json"])
    for file in (MANIFEST, ARRAYS):
        one, two = member_of("oracle", 0, file), member_of("oracle", 1, file)
        for values in (contents, about["members"]):
            values[one], values[two] = values[two], values[one]
    contents["bank.json"] = json.dumps(about).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flip(member_of("oracle", 1, ARRAYS)), "oracle/00001/arrays.safetensors was changed"),
        (flip(member_of("control", 0, MANIFEST)), "control/00000/manifest.json was changed"),
        (swap, "oracle 0 is not a model of this pool"),
        (set_about(secret="0" * 64), "oracle 0 is not a model of this pool"),
        (set_about(bank_sha256="0" * 64), "must hold the bank of digest 0000"),
        (set_about(edition=2), "edition 1, got 2"),
        (set_about(fingerprint="x"), "not as it was written"),
        (set_about(roles={"oracle": 4, "control": 3}), "lacks models/oracle/00003"),
        (set_about(path={"name": "magic"}), "must name a way of training"),
        (set_about(roles={"oracle": 3, "control": 3, "../../x": 1}), "must hold oracles and"),
        (set_about(roles={"oracle": 3}), "must hold oracles and controls, got"),
        (set_about(engine_id="cpu-loop-float32-torch0.4"), "got cpu-loop-float32-torch0.4"),
        (lambda contents: contents.pop(member_of("oracle", 2, ARRAYS)), "must be those that"),
        (lambda contents: contents.update({"more.txt": b"x"}), "got 'more.txt'"),
        (lambda contents: contents.pop("bank.json"), "cannot be read"),
        (lambda contents: contents.update({"bank.json": b"[" * 10**5}), "not as it was written"),
    ],
)
def test_a_bank_that_was_altered_is_refused_as_a_whole(
    bank: Path, tiny_pool: Pool, tmp_path: Path, change: Any, said: str
) -> None:
    bad = rewritten(bank, tmp_path / "bad.zip", change)
    with pytest.raises(ScorerError, match=said):
        install(bad, tiny_pool.task, tmp_path / "cache")
    assert not list(tmp_path.rglob(MANIFEST))


def test_a_bank_cut_short_is_refused(bank: Path, tiny_pool: Pool, tmp_path: Path) -> None:
    content, path = bank.read_bytes(), tmp_path / "short.zip"
    for length in (0, 100, len(content) // 2, len(content) - 10):
        path.write_bytes(content[:length])
        with pytest.raises(ScorerError, match=r"short.zip must be a bank.*cannot be read"):
            install(BankFile(path), tiny_pool.task, tmp_path / "cache")


def test_a_folder_is_no_file_to_write(tiny_pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be the path of a file"):
        export_bank(tmp_path, tiny_pool, ROLES, weights=False)


def test_the_description_is_valid_croissant(bank: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="needs make env EXTRA=croissant")
    beside = bank.with_name(f"{bank.name}.croissant.json")
    described = mlcroissant.Dataset(jsonld=str(beside))
    assert not described.metadata.issues.errors
    rows = list(described.records("accuracy"))
    assert len(rows) == 6


def test_a_pool_that_keeps_weights_goes_along_with_them(tiny_pool: Pool, tmp_path: Path) -> None:
    where = tiny_pool.task, tiny_pool.path, "cpu", tmp_path / "one", tiny_pool.secret
    keeping, roles = Pool(*where, extra=("weights",)), {"oracle": 1, "control": 1}
    keeping.ensure(roles, InlineEngine(1))
    path = tmp_path / "weights.bank.zip"
    export_bank(path, keeping, {"original": 0, **roles}, weights=False)
    pool, n_new = install(BankFile(path), tiny_pool.task, tmp_path / "two")
    assert n_new == 2
    asked = replace(pool, extra=("weights",))
    for role in roles:
        assert asked.store(role).missing(1) == []
        assert asked.store(role).content(0, WEIGHTS) == keeping.store(role).content(0, WEIGHTS)
    # One that keeps none is taken as it is, and lacks them where they are asked for.
    assert replace(tiny_pool, extra=("weights",)).store("oracle").missing(1) == [0]
