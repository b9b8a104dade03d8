"""What is wrong with a fetched CelebA is told before anything is decoded."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_prep import DamagedData, MissingData
from data_prep.celeba import prepare_archive
from data_prep.celeba_checks import PUBLISHED, Published
from data_prep.decoding import no_progress
from tests.data_prep import _celeba as made

PAGE = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"


def test_the_published_figures_are_known() -> None:
    assert (PUBLISHED.n_images, PUBLISHED.n_identities) == (202_599, 10_177)
    assert all(len(digest) == 32 for digest in PUBLISHED.md5.values())


def test_what_torchvision_expects_is_expected_here() -> None:
    from torchvision.datasets import CelebA

    known = {name: digest for _, digest, name in CelebA.file_list}
    assert all(known[name] == digest for name, digest in PUBLISHED.md5.items())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"identity_CelebA.txt": None}, MissingData, "identity_CelebA.txt: not there"),
        ({"img_align_celeba.zip": None}, MissingData, r"img_align_celeba.zip \(or the parts"),
        ({"img_align_celeba.zip": PAGE}, DamagedData, r"web page \(Google Drive - Quota exceeded"),
        ({"list_attr_celeba.txt": b"\n" + PAGE}, DamagedData, "list_attr_celeba.txt: a web page"),
        ({"list_eval_partition.txt": b""}, DamagedData, "must be a table, got an empty file"),
        ({"img_align_celeba.zip.crdownload": b"x"}, DamagedData, "download that has not ended"),
        ({"identity_CelebA.txt": b"\xff\xfe\x00"}, DamagedData, "must be a text file"),
        ({"CelebA-002.zip": b"no zip"}, DamagedData, "no zip to read"),
        ({"img_align_celeba.zip": None, "x.zip": b"no"}, DamagedData, "x.zip: 2 bytes that are no"),
        ({"CelebA-1.zip": made.packed({"Img/img_align_celeba.zip": b""})}, DamagedData, "unpack"),
        ({"celeba.7z.001": b"7z\xbc\xaf", "celeba.7z.003": b""}, DamagedData, "celeba.7z.002"),
    ],
)  # fmt: skip
def test_what_was_not_fetched_is_told_beforehand(
    changes: dict[str, bytes | None], error: type[Exception], message: str, files: made.Files,
    official: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("data_prep.prepared.decode_all", lambda *_: pytest.fail("decoded"))
    there = {k: v for k, v in (files | changes).items() if v is not None}  # type: ignore[operator]
    fetched = made.write(tmp_path / "fetched", there)
    with pytest.raises(error, match=message):
        prepare_archive([fetched], tmp_path / "data", no_progress, official)
    assert not (tmp_path / "data").exists()


def cut(content: bytes, share: float) -> bytes:
    """Return the beginning, as a download that stopped leaves it."""
    return content[: int(len(content) * share)]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("img_align_celeba.zip", lambda it: cut(it, 0.7), "missing: a partial download"),
        ("img_align_celeba.zip", lambda it: cut(it, 0.999), "whose end is missing"),
        ("list_attr_celeba.txt", lambda it: cut(it, 0.5), "a partial download"),
        ("identity_CelebA.txt", lambda it: cut(it, 0.4), "in place of 300|partial download"),
        ("list_eval_partition.txt", lambda it: it.replace(b" 2\n", b" 7\n"), "must hold 0, 1 or 2"),
        ("list_attr_celeba.txt", lambda it: it.replace(b"Smiling", b"Grinning"), "40 attributes"),
        ("list_attr_celeba.txt", lambda it: it.replace(b" -1", b" 5"), "must hold -1 or 1"),
        ("identity_CelebA.txt", lambda it: it.replace(b" 30\n", b" 29\n"), "30 different people"),
        ("identity_CelebA.txt", lambda it: it.replace(b" 30\n", b" x\n"), "hold whole numbers"),
        ("identity_CelebA.txt", lambda it: b"".join(reversed(it.splitlines(True))), "same order"),
        ("img_align_celeba.zip", lambda it: bytes([*it[:-1], it[-1] ^ 1]), "must have MD5"),
    ],
)  # fmt: skip
def test_damaged_files_are_told_beforehand(
    name: str, change, message: str, files: made.Files, official: Published, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("data_prep.prepared.decode_all", lambda *_: pytest.fail("decoded"))
    fetched = made.write(tmp_path / "fetched", files | {name: change(files[name])})
    with pytest.raises(DamagedData, match=message):
        prepare_archive([fetched], tmp_path / "data", no_progress, official)
    assert not (tmp_path / "data").exists()


def test_all_that_is_wrong_is_told_at_once(files: made.Files, tmp_path: Path) -> None:
    spoilt = files | {"img_align_celeba.zip": PAGE, "identity_CelebA.txt": PAGE}
    del spoilt["list_eval_partition.txt"]
    with pytest.raises(DamagedData) as caught:
        prepare_archive([made.write(tmp_path, spoilt)], tmp_path / "data", no_progress)
    assert str(caught.value).count("a web page") == 2
    assert "list_eval_partition.txt: not there" in str(caught.value)
    assert "list_attr_celeba.txt: 300 rows in place of 202,599" in str(caught.value)


def test_images_that_are_not_there_or_not_aligned_are_named(
    faces: made.Files, official: Published, tmp_path: Path
) -> None:
    some = dict(list(faces.items())[:-2])
    fetched = made.write(tmp_path, {"a.zip": made.packed(some), **made.tables()})
    with pytest.raises(DamagedData, match=r"2 are not there: 000299\.jpg, 000300\.jpg"):
        prepare_archive([fetched], tmp_path / "data", no_progress, official)
    wild = {name: made.face(0, (200, 300)) for name in faces}
    made.write(tmp_path, {"a.zip": made.packed(wild)})
    with pytest.raises(DamagedData, match=r"200 x 300; take img_align_celeba.zip"):
        prepare_archive([fetched], tmp_path / "data", no_progress, official)
