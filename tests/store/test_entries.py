"""Entries on disk: whole or absent, verified, held against their place."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scorer import files
from scorer.errors import ScorerError
from scorer.files import DAMAGED, TEMPORARY, DiskError
from scorer.secret import PUBLIC_SECRET, draw_secret
from scorer.store import ARRAYS, MANIFEST, WEIGHTS, DamagedEntry, Seal, Store, seal

ARRAY = {"x": np.arange(6, dtype=np.float32).reshape(2, 3)}
OWN = Seal("pool/here/oracle", PUBLIC_SECRET)


def names(folder: Path) -> list[str]:
    """Return what lies in a folder, but for locks."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_round_trip_keeps_values_and_dtypes(tmp_path: Path) -> None:
    store = Store(tmp_path / "role")
    store.write(3, {**ARRAY, "hit": np.array([True, False])}, {"seed": 7}, b"weights")
    read = store.read(3)
    assert read["x"].dtype == np.float32
    assert read["hit"].tolist() == [True, False]
    np.testing.assert_array_equal(read["x"], ARRAY["x"])
    assert store.content(3, WEIGHTS) == b"weights"
    assert store.manifest(3)["seed"] == 7
    assert store.missing(5) == [0, 1, 2, 4]
    assert store.repair() == store.repair(5) == []
    store.write(0, {}, {"kind": "facts alone"})
    assert names(store.folder(0)) == [MANIFEST] and store.read(0) == {}
    assert store.manifest(0)["kind"] == "facts alone"


def test_a_committed_entry_is_never_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {"seed": 1})
    store.write(0, {"x": np.zeros((1, 1))}, {"seed": 2})
    assert store.manifest(0)["seed"] == 1
    assert store.read(0)["x"].shape == (2, 3)
    assert names(tmp_path) == ["00000"]


def test_an_outdated_entry_is_missing_until_it_is_replaced(tmp_path: Path) -> None:
    Store(tmp_path).write(0, ARRAY, {"version": 1})
    store = Store(tmp_path, lambda manifest: manifest["version"] == 2)
    assert store.outdated(2) == [0]
    assert store.missing(2) == [0, 1]
    assert store.repair() == [], "it is sound"
    store.write(0, {"x": np.zeros((1, 1))}, {"version": 2})
    assert store.outdated(2) == []
    assert store.missing(2) == [1]
    assert store.read(0)["x"].shape == (1, 1)
    assert names(tmp_path) == ["00000"]


def flip(path: Path, position: int = -1) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def put_fifo(path: Path) -> None:
    """Put a FIFO, which nobody writes to, in the place of a file or folder."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.mkfifo(path)


def put_link(path: Path) -> None:
    """Put a link in the place of what it leads to."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def put_file(path: Path) -> None:
    """Put a file in the place of a folder."""
    shutil.rmtree(path)
    path.write_text("no folder")


def put_empty(path: Path) -> None:
    """Empty a folder."""
    shutil.rmtree(path)
    path.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "flipped arrays": lambda entry: flip(entry / ARRAYS),
    "flipped header": lambda entry: flip(entry / ARRAYS, 0),
    "flipped manifest": lambda entry: flip(entry / MANIFEST, 20),
    "flipped end of the manifest": lambda entry: flip(entry / MANIFEST, -2),
    "cut arrays": lambda entry: os.truncate(entry / ARRAYS, 10),
    "cut manifest": lambda entry: os.truncate(entry / MANIFEST, 0),
    "no arrays": lambda entry: (entry / ARRAYS).unlink(),
    "no manifest": lambda entry: (entry / MANIFEST).unlink(),
    "an empty folder": put_empty,
    "a file": put_file,
    "a link": put_link,
    "a FIFO": put_fifo,
    "a linked manifest": lambda entry: put_link(entry / MANIFEST),
    "a FIFO as arrays": lambda entry: put_fifo(entry / ARRAYS),
    "a FIFO as manifest": lambda entry: put_fifo(entry / MANIFEST),
    "a folder as arrays": lambda entry: ((entry / ARRAYS).unlink(), (entry / ARRAYS).mkdir()),
    **{
        f"manifest {text[:9]!r}": lambda entry, text=text: (entry / MANIFEST).write_text(text)
        for text in ("{", "[]\n", "{}\n", "null\n", '{"sha256":{}}\n', "[" * 100_000, '{"a":1e999}')
    },
}  # fmt: skip


ARRAYS_ALONE = {"arrays", "header"}
"""Words of damage that a manifest does not tell of."""


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_noticed_set_aside_and_made_again(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "role", seal=OWN)
    store.write(0, ARRAY, {})
    store.write(1, ARRAY, {})
    DAMAGE[damage](store.folder(1))
    with pytest.raises(DamagedEntry):
        store.read(1)
    (aside,) = store.repair()
    assert aside.name.startswith(f"{DAMAGED}00001-") and os.path.lexists(aside)
    assert "to be made again" in caplog.text and aside.name in caplog.text
    assert store.missing(2) == [1]
    store.write(1, ARRAY, {})
    assert store.repair() == []
    np.testing.assert_array_equal(store.read(1)["x"], ARRAY["x"])


@pytest.mark.parametrize(
    "damage", [name for name in DAMAGE if ARRAYS_ALONE.isdisjoint(name.split())]
)
def test_what_is_no_entry_is_in_nobodys_way(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path / "role")
    store.write(0, ARRAY, {})
    DAMAGE[damage](store.folder(0))
    assert store.missing(1) == [0]
    store.write(0, ARRAY, {})
    assert store.repair() == []


@pytest.mark.parametrize("kind", ["file", "fifo"])
def test_a_store_that_is_no_folder_is_set_aside(tmp_path: Path, kind: str) -> None:
    store = Store(tmp_path / "role")
    store.root.touch() if kind == "file" else os.mkfifo(store.root)
    assert store.missing(1) == [0]
    assert len(store.repair()) == 1
    store.write(0, ARRAY, {})
    assert store.missing(1) == []


def edit(path: Path, **changes: object) -> None:
    """Change fields of a manifest in the form that manifests have."""
    fields = json.loads(path.read_text()) | changes
    line = json.dumps(fields, separators=(",", ":"))
    assert line.startswith('{"seal":')
    path.write_text(line + "\n")


@pytest.mark.parametrize(
    "field", ["seed", "elapsed_s", "index", "edition", "sha256", "seal", "new"]
)
def test_every_field_is_covered(tmp_path: Path, field: str) -> None:
    store = Store(tmp_path, seal=OWN)
    store.write(0, ARRAY, {"seed": 1, "elapsed_s": 1.5})
    edit(store.folder(0) / MANIFEST, **{field: 1.25})
    assert store.missing(1) == [0] and len(store.repair()) == 1


@pytest.mark.parametrize(
    "other",
    [
        Seal("pool/here/control", PUBLIC_SECRET),
        Seal("pool/there/oracle", PUBLIC_SECRET),
        Seal("pool/here/oracle", draw_secret()),
        Seal("pool/here/oracle"),
    ],
)
def test_an_entry_of_another_place_is_none(tmp_path: Path, other: Seal) -> None:
    theirs, own = Store(tmp_path / "a", seal=other), Store(tmp_path / "b", seal=OWN)
    theirs.write(0, ARRAY, {})
    shutil.copytree(theirs.root, own.root)
    assert own.missing(1) == [0] and len(own.repair()) == 1


def test_an_entry_of_another_number_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path, seal=OWN)
    store.write(1, ARRAY, {})
    shutil.copytree(store.folder(1), store.folder(2))
    assert store.missing(3) == [0, 2]
    assert [path.name[:14] for path in store.repair()] == [f"{DAMAGED}00002"]
    assert store.has(1)


def test_whoever_lacks_the_secret_forges_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path, seal=OWN)
    store.write(0, ARRAY, {})
    # All that a manifest says is public, but for the key.
    forger = Store(tmp_path / "forged", seal=Seal(OWN.place))
    forger.write(0, {"x": np.zeros((2, 3), np.float32)}, {})
    for name in (ARRAYS, MANIFEST):
        shutil.copy(forger.folder(0) / name, store.folder(0) / name)
    assert store.missing(1) == [0] and len(store.repair()) == 1
    assert PUBLIC_SECRET not in repr(OWN)


def test_editions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, seal=OWN)
    for index, edition in enumerate((seal.EDITION - 1, seal.EDITION + 1)):
        with monkeypatch.context() as patch:
            patch.setattr(seal, "EDITION", edition)
            store.write(index, ARRAY, {})
    assert store.missing(1) == [0] and len(store.repair(1)) == 1, "an older one is made again"
    with pytest.raises(ScorerError, match=r"must be of edition 2, got 3; a newer kit") as caught:
        store.missing(2)
    assert not isinstance(caught.value, DamagedEntry)
    assert store.folder(1).is_dir(), "a newer one is left alone"


def test_an_entry_of_the_first_releases_is_made_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {})
    manifest = store.folder(0) / MANIFEST
    kept = json.loads(manifest.read_text())
    old = {name: kept[name] for name in ("index", "sha256")}
    manifest.write_text(json.dumps(old, sort_keys=True, indent=1))
    assert store.missing(1) == [0] and len(store.repair()) == 1


def test_what_another_process_made_again_is_not_taken_away(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {})
    assert store.quarantine(0, "was damaged a moment ago") is None
    assert store.quarantine(1, "is gone already") is None
    assert store.has(0)


def _write_with_small_disk(folder: str) -> None:
    """Try to write more than the process may."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        Store(Path(folder)).write(0, {"x": np.zeros(10_000)}, {})
    except DiskError:
        os._exit(7)
    os._exit(0)


def test_a_full_disk_stops_loudly_and_leaves_nothing(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_write_with_small_disk, args=(str(tmp_path),)
    )
    process.start()
    process.join()
    assert process.exitcode == 7
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("step", ["write_durably", "sync_folder"])
def test_errors_of_the_disk_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    def fail(path: Path, *_: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    store = Store(tmp_path)
    monkeypatch.setattr(files, step, fail)
    with pytest.raises(DiskError, match=r"must be read and written, got: .*; .*CACHE_DIR"):
        store.write(0, ARRAY, {})
    assert names(tmp_path) == []


def test_what_may_not_be_read_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {})

    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(DiskError, match="change who may read"):
            store.read(0)
    assert store.has(0) and not list(tmp_path.glob(f"{DAMAGED}*"))


def _damage_and_mend(folder: str, turns: int, go: object) -> None:
    """Repair and write the same entry as another process does, damaging it now and then."""
    store = Store(Path(folder))
    go.wait()  # type: ignore[attr-defined]
    for turn in range(turns):
        store.repair()
        if not store.has(0):
            store.write(0, ARRAY, {})
        if turn % 5 == os.getpid() % 5:
            (store.folder(0) / ARRAYS).unlink(missing_ok=True)


def test_two_processes_mend_the_same_entry(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    go = context.Barrier(2)
    workers = [
        context.Process(target=_damage_and_mend, args=(str(tmp_path), 40, go)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    store = Store(tmp_path)
    store.repair()
    store.write(0, ARRAY, {})
    np.testing.assert_array_equal(store.read(0)["x"], ARRAY["x"])
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))
