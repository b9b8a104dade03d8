"""The verb that shows and cleans the cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.files import DAMAGED, TEMPORARY, temporary_folder
from scorer.oracles.inventory import KINDS

POOL = Path("v1", "f" * 64, "cpu-loop", "0123456789abcdef")

LAID = {
    POOL / "oracle" / "00000" / "arrays.safetensors": "pools",
    POOL / "oracle" / f"{DAMAGED}00001-x" / "arrays.safetensors": "damaged",
    POOL / "oracle" / f"{TEMPORARY}00002-x" / "arrays.safetensors": "leftovers",
    POOL / "unlearned" / "mine-0" / "run" / "00000" / "manifest.json": "runs",
    POOL / "unlearned" / "mine-0" / "run" / f"{DAMAGED}00000-x" / "manifest.json": "damaged",
    POOL.parent / "oracle" / "00000" / "arrays.safetensors": "older",
    Path("v1", "difficulty", "key-cpu", "models", "00000", "arrays.safetensors"): "difficulty",
    Path("v1", "studies", "0" * 64, "00000", "arrays.safetensors"): "studies",
    Path("v1", "tasks", "task-0-3", "00000", "arrays.safetensors"): "snapshots",
    Path("v1", "tasks", f"{TEMPORARY}00000-y", "arrays.safetensors"): "leftovers",
    Path("paths", "cnn-cpu", "00000", "manifest.json"): "paths",
    Path("paths", "cnn-cpu.json"): "older",
    Path("mine", "notes.txt"): "",
}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    for path in LAID:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x" * 2**20)
    return tmp_path


def gc(cache: Path, *arguments: str) -> dict[str, list[dict[str, Any]]]:
    """Return what the command says of each kind."""
    call = ["gc", *arguments, "--cache-dir", str(cache), "--json"]
    result = CliRunner().invoke(main, call)
    assert result.exit_code == 0, result.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(result.stdout)["found"]:
        found.setdefault(row["kind"], []).append(row)
    return found


def left(cache: Path) -> set[Path]:
    """Return which of the files are still there."""
    return {path for path in LAID if (cache / path).exists()}


def test_everything_is_shown_once_with_its_size(cache: Path) -> None:
    found = gc(cache)
    wanted = [kind for kind in LAID.values() if kind]
    assert {kind: len(rows) for kind, rows in found.items()} == {k: wanted.count(k) for k in wanted}
    assert {row["size_mib"] for rows in found.values() for row in rows} == {1.0}
    assert left(cache) == LAID.keys(), "nothing is deleted unasked"


def test_yes_deletes_what_nothing_reads(cache: Path) -> None:
    with temporary_folder(cache / POOL / "oracle") as living:
        found = gc(cache, "--yes")
        assert living.is_dir()
    gone = {kind for kind, rows in found.items() if all(row["deleted"] for row in rows)}
    assert gone == {"older", "damaged", "leftovers"}
    assert left(cache) == {path for path, kind in LAID.items() if kind not in gone}
    assert not set(gc(cache)) & gone


@pytest.mark.parametrize("kind", sorted({kind for kind in LAID.values() if kind}))
def test_a_kind_is_deleted_by_its_name(cache: Path, kind: str) -> None:
    assert set(gc(cache, kind)) == {kind} and left(cache) == LAID.keys()
    assert {row["deleted"] for row in gc(cache, kind, "--yes")[kind]} == {True}
    kept = left(cache)
    assert not {path for path in kept if LAID[path] == kind}
    if kind not in ("pools", "runs"):  # these hold things of other kinds
        assert {path for path, each in LAID.items() if each != kind} == kept
    assert len(list(cache.rglob(f"{TEMPORARY}*"))) == sum(LAID[p] == "leftovers" for p in kept)


def test_text_says_how_to_delete(cache: Path) -> None:
    shown = CliRunner().invoke(main, ["gc", "--cache-dir", str(cache)])
    assert shown.exit_code == 0
    assert f"{POOL}" in shown.stdout and "--yes deletes 6 of them, 6.00 MiB" in shown.stdout
    assert all(about in shown.stdout for about in KINDS.values()), "what each kind is"


def test_help_names_every_kind() -> None:
    text = " ".join(CliRunner().invoke(main, ["gc", "--help"]).stdout.split())
    said = text.partition("KINDs are ")[2].partition(".")[0].replace(" and ", ", ")
    assert sorted(said.split(", ")) == sorted(KINDS)


def test_what_is_no_kind_is_refused(cache: Path) -> None:
    result = CliRunner().invoke(main, ["gc", "pool", "--yes", "--cache-dir", str(cache)])
    assert result.exit_code == 2 and "Did you mean pools?" in result.stderr
    assert left(cache) == LAID.keys()


def test_links_are_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("x")
    cache = tmp_path / "cache"
    (cache / "v1" / "tasks").mkdir(parents=True)
    (cache / "v1" / "tasks" / "link").symlink_to(mine)
    (cache / f"{DAMAGED}link").symlink_to(mine)
    gc(cache, "snapshots", "damaged", "--yes")
    assert (mine / "thesis.txt").exists()
    assert not list(cache.rglob("*link*"))
