"""CelebA from whatever was fetched: every layout, everything that goes wrong on the way."""

from __future__ import annotations

import functools
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import data_prep.__main__ as command_line
from data_prep import DATASETS, DamagedData, MissingData, decoding, load_raw, partition, volumes
from data_prep.celeba import FOLDER, prepare_archive
from data_prep.celeba_checks import PUBLISHED, Published
from data_prep.celeba_tables import ATTRIBUTES
from data_prep.decoding import no_progress
from scorer.errors import UsageError
from tests.data_prep import _celeba as made

N = made.N_IMAGES


@pytest.fixture(scope="module")
def faces() -> made.Files:
    """The images, by the names that they have in the zip."""
    return {f"img_align_celeba/{made.name_of(index)}": made.face(index) for index in range(N)}


@pytest.fixture(scope="module")
def archive(faces: made.Files) -> bytes:
    return made.packed(faces)


@pytest.fixture(scope="module")
def official(archive: bytes) -> Published:
    return made.published(archive)


@pytest.fixture(scope="module")
def drive(archive: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of the drive."""
    tables = made.tables()
    return made.write(
        tmp_path_factory.mktemp("drive"),
        {
            "CelebA/Img/img_align_celeba.zip": archive,
            "CelebA/Anno/list_attr_celeba.txt": tables["list_attr_celeba.txt"],
            "CelebA/Anno/identity_CelebA.txt": tables["identity_CelebA.txt"],
            "CelebA/Anno/list_bbox_celeba.txt": b"not needed",
            "CelebA/Eval/list_eval_partition.txt": tables["list_eval_partition.txt"],
        },
    )


@pytest.fixture(scope="module")
def data_dir(drive: Path, official: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that CelebA was prepared in."""
    folder = tmp_path_factory.mktemp("data")
    assert prepare_archive([drive], folder, no_progress, official) == []
    return folder


@pytest.fixture
def files(archive: bytes) -> made.Files:
    """What was fetched, in one folder, to be spoilt."""
    return {"img_align_celeba.zip": archive, **made.tables()}


def test_the_published_figures_are_known() -> None:
    assert (PUBLISHED.n_images, PUBLISHED.n_identities) == (202_599, 10_177)
    assert all(len(digest) == 32 for digest in PUBLISHED.md5.values())


def test_what_torchvision_expects_is_expected_here() -> None:
    from torchvision.datasets import CelebA

    known = {name: digest for _, digest, name in CelebA.file_list}
    assert all(known[name] == digest for name, digest in PUBLISHED.md5.items())


def test_images_labels_people_and_test_set_are_those_of_the_files(data_dir: Path) -> None:
    raw = load_raw("celeba", data_dir)
    assert raw.images.shape == (N, 3, 64, 64)
    np.testing.assert_array_equal(raw.labels, made.attributes()[:, made.SMILING] > 0)
    np.testing.assert_array_equal(raw.subjects, made.BY_PERSON + 1)
    np.testing.assert_array_equal(raw.is_official_test, made.BY_PERSON >= 25)
    assert "verified by MD5: list_attr_celeba.txt, identity_CelebA.txt" in raw.source
    # The square in the middle of image 7, decoded without help.
    with Image.open(io.BytesIO(made.face(7))) as image:
        square = image.crop((0, 20, 178, 198)).resize((64, 64), Image.Resampling.BILINEAR)
    difference = np.asarray(square).transpose(2, 0, 1).astype(int) - raw.images[7]
    assert abs(difference).max() <= 1
    scaled = raw.images[~raw.is_official_test] / 255
    np.testing.assert_allclose(raw.mean, scaled.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(raw.std, scaled.std(axis=(0, 2, 3)))


def test_any_attribute_may_be_the_label(data_dir: Path) -> None:
    smiling, young = load_raw("celeba", data_dir), load_raw("celeba-young", data_dir)
    np.testing.assert_array_equal(young.labels, made.attributes()[:, -1] > 0)
    assert young.content_sha256() != smiling.content_sha256()
    beard = load_raw("celeba-5-o-clock-shadow", data_dir)
    np.testing.assert_array_equal(beard.labels, made.attributes()[:, 0] > 0)
    with pytest.raises(UsageError, match=r"variant of celeba 'Yuong'. Did you mean Young"):
        load_raw("celeba-Yuong", data_dir)
    assert ATTRIBUTES == DATASETS["celeba"].VARIANTS
    assert len(set(ATTRIBUTES)) == 40


def test_nobody_is_in_two_sets(data_dir: Path) -> None:
    raw = load_raw("celeba", data_dir)
    for seed in (0, 1):
        parts = partition(raw, 25, None, seed)
        people = [set(raw.subjects[part]) for part in (parts.train, parts.val, parts.test)]
        assert not people[0] & people[1] and not people[2] & (people[0] | people[1])
        assert sum(map(len, people)) == made.N_IDENTITIES
        assert len(people[1]) == 3  # of 10 images each


def layouts(faces: made.Files, archive: bytes) -> dict[str, made.Files]:
    """Return what is found in the wild, by name."""
    tables = made.tables()
    halves = list(faces.items())
    csv = {
        "list_attr_celeba.csv": made.as_csv(tables["list_attr_celeba.txt"], "attributes"),
        "list_eval_partition.csv": made.as_csv(
            tables["list_eval_partition.txt"], "image_id,partition"
        ),
    }
    return {
        "loose": {**{f"a/{name}": it for name, it in faces.items()}, **tables},
        "the drive's own zips": {
            "CelebA-001.zip": made.packed(dict(halves[:140])),
            "CelebA-002.zip": made.packed({**dict(halves[140:]), "__MACOSX/._000001.jpg": b"x"}),
            "Anno-003.zip": made.packed({f"CelebA/Anno/{name}": it for name, it in tables.items()}),
        },
        "one zip with CSV": {
            "archive.zip": made.packed(
                {**{f"img_align_celeba/{name}": it for name, it in faces.items()}, **csv}
            ),
            "identity_CelebA (1).txt": tables["identity_CelebA.txt"].replace(b"\n", b"\r\n"),
        },
        "beside what is not of it": {
            "CelebA/img_celeba/000001.jpg": made.face(0, (40, 40)),
            "a/000001.jpg": made.face(9),
            "holidays.zip": b"cut short",
            "holidays.part": b"",
            "img_align_celeba.zip": archive,
            **tables,
        },
    }


@pytest.mark.parametrize(
    "layout", ["loose", "the drive's own zips", "one zip with CSV", "beside what is not of it"]
)
def test_any_layout_becomes_the_same_arrays(
    layout: str, faces: made.Files, archive: bytes, data_dir: Path, tmp_path: Path,
    official: Published,
) -> None:  # fmt: skip
    fetched = made.write(tmp_path / "fetched", layouts(faces, archive)[layout])
    notes = prepare_archive([fetched], tmp_path, no_progress, official)
    found, expected = load_raw("celeba", tmp_path), load_raw("celeba", data_dir)
    for name in ("images", "labels", "subjects", "is_official_test"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    was_published = layout == "beside what is not of it"
    assert bool(notes) != was_published
    assert (found.content_sha256() == expected.content_sha256()) == was_published


PAGE = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"


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


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_image_is_named_and_nothing_kept(
    method: int, faces: made.Files, official: Published, tmp_path: Path
) -> None:
    content = made.packed(faces, method)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        place = archive.getinfo("img_align_celeba/000042.jpg").header_offset + 300
    spoilt = content[:place] + bytes(20) + content[place + 20 :]
    fetched = made.write(tmp_path / "f", {"img_align_celeba (2).zip": spoilt, **made.tables()})
    other = official.__class__(N, made.N_IDENTITIES, 1, official.md5)
    with pytest.raises(DamagedData, match=r"1 of 300 images cannot .*000042\.jpg \(its bytes in"):
        prepare_archive([fetched], tmp_path / "data", no_progress, other)
    assert not [it for it in (tmp_path / "data").iterdir() if it.suffix != ".lock"]


def test_a_stopped_call_is_gone_on_with(
    drive: Path, data_dir: Path, official: Published, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stop(what: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_archive([drive], tmp_path, stop, official)
    assert not (tmp_path / FOLDER).exists()
    decoded: list[int] = []
    decode = decoding.decode
    monkeypatch.setattr(decoding, "decode", lambda *a: decoded.append(1) or decode(*a))
    seen: list[int] = []
    prepare_archive([drive], tmp_path, lambda what, done, total: seen.append(done), official)
    assert len(decoded) == N - decoding.BLOCK
    assert seen == [decoding.BLOCK, N]
    assert load_raw("celeba", tmp_path).content_sha256() == (
        load_raw("celeba", data_dir).content_sha256()
    )
    prepare_archive([drive], tmp_path, no_progress, official)
    assert len(decoded) == N - decoding.BLOCK


def test_several_processes_write_the_same_array(
    drive: Path, data_dir: Path, official: Published, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(decoding, "SERIAL_BLOCKS", 0)
    monkeypatch.setattr(decoding, "n_cores", lambda: 2)
    prepare_archive([drive], tmp_path, no_progress, official)
    images = FOLDER + "/images.npy"
    assert (tmp_path / images).read_bytes() == (data_dir / images).read_bytes()


def test_arrays_that_were_changed_are_noticed(data_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(data_dir / FOLDER, tmp_path / FOLDER)
    path = tmp_path / FOLDER / "images.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedData, match=r"must have SHA-256 .* run `python -m data_prep celeba"):
        load_raw("celeba", tmp_path)
    (tmp_path / FOLDER / "manifest.json").write_text("[]")
    with pytest.raises(DamagedData, match=r"manifest.json is damaged"):
        load_raw("celeba", tmp_path)


def test_a_folder_of_somebody_else_is_left_alone(
    drive: Path, official: Published, tmp_path: Path
) -> None:
    made.write(tmp_path, {f"{FOLDER}/mine.txt": b"mine"})
    with pytest.raises(OSError, match="holds something else"):
        prepare_archive([drive], tmp_path, no_progress, official)
    assert (tmp_path / FOLDER / "mine.txt").read_bytes() == b"mine"


def test_a_full_disk_is_told_beforehand(
    drive: Path, official: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = functools.partial(shutil._ntuple_diskusage, 1, 1)
    monkeypatch.setattr("data_prep.prepared.shutil.disk_usage", lambda path: usage(1000))
    with pytest.raises(OSError, match=r"images take 4 MiB .* make room"):
        prepare_archive([drive], tmp_path, no_progress, official)


def test_the_command_prepares_and_tells(
    drive: Path, official: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expecting = functools.partial(prepare_archive, published=official)
    monkeypatch.setattr(command_line, "prepare_archive", expecting)
    missing = CliRunner().invoke(
        command_line.main, ["check", "celeba", "--data-dir", str(tmp_path)]
    )
    assert missing.exit_code == 1
    assert "python -m data_prep celeba --archive PATH" in missing.stderr
    words = ["celeba", "--archive", str(drive / "CelebA/Img"), str(drive / "CelebA/Anno"),
             "--data-dir", str(tmp_path)]  # fmt: skip
    refused = CliRunner().invoke(command_line.main, words)
    assert refused.exit_code == 1
    assert "list_eval_partition.txt: not there" in refused.stderr
    nowhere = CliRunner().invoke(command_line.main, ["celeba", "--archive", str(tmp_path / "no")])
    assert nowhere.exit_code == 2
    words.insert(3, str(drive / "CelebA/Eval"))
    result = CliRunner().invoke(command_line.main, words)
    assert result.exit_code == 0, result.output
    assert "python -m scorer score METHOD --task celeba" in result.stderr
    check = ["check", "celeba", "--data-dir", str(tmp_path), "--json"]
    facts = json.loads(CliRunner().invoke(command_line.main, check).stdout)
    assert (facts["n_examples"], facts["n_subjects"]) == (N, made.N_IDENTITIES)


def unpacker_or_skip() -> str:
    try:
        return volumes.unpacker()
    except ImportError as error:
        pytest.skip(str(error))


def test_nothing_to_unpack_with_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ImportError, match=r"py7zr .* or the program 7z"):
        volumes.unpacker()


def test_files_are_read_as_if_they_were_one(tmp_path: Path) -> None:
    content = bytes(range(200))
    parts = [tmp_path / f"x.7z.{number:03d}" for number in (1, 2, 3)]
    for part, piece in zip(parts, (content[:70], content[70:71], content[71:]), strict=True):
        part.write_bytes(piece)
    with io.BufferedReader(volumes.Joined(parts)) as file:
        assert file.read() == content
        assert file.seek(-150, io.SEEK_END) == 50
        assert file.read(40) == content[50:90]
        assert file.read(500) == content[90:]
        assert file.read() == b""


def test_parts_of_a_7z_are_unpacked_and_decoded(official: Published, tmp_path: Path) -> None:
    unpacker_or_skip()
    py7zr = pytest.importorskip("py7zr")
    loose = {f"img_align_celeba_png/{made.name_of(i, 'png')}": made.face(i, kind="PNG")
             for i in range(N)}  # fmt: skip
    made.write(tmp_path / "loose", loose)
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.writeall(tmp_path / "loose/img_align_celeba_png", "img_align_celeba_png")
    content = (tmp_path / "a.7z").read_bytes()
    third = len(content) // 3
    pieces = (content[:third], content[third : 2 * third], content[2 * third :])
    names = [f"img_align_celeba_png.7z.{number:03d}" for number in (1, 2, 3)]
    fetched = made.write(
        tmp_path / "fetched", dict(zip(names, pieces, strict=True)) | made.tables()
    )
    last = (fetched / names[2]).read_bytes()
    (fetched / names[2]).write_bytes(last[:-10])
    with pytest.raises(DamagedData, match="a part is missing, or a partial download"):
        prepare_archive([fetched], tmp_path / "data", no_progress, official)
    (fetched / names[2]).write_bytes(last)
    notes = prepare_archive([fetched], tmp_path / "data", no_progress, official)
    assert notes == ["the images come without a published checksum"]
    assert load_raw("celeba", tmp_path / "data").images.shape == (N, 3, 64, 64)
    assert not (tmp_path / "data/.celeba_unpacked").exists()
