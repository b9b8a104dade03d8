"""CelebA as arrays: whatever layout it was fetched in, any label, nobody in two sets."""

from __future__ import annotations

import functools
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import data_prep.__main__ as command_line
from data_prep import DATASETS, DamagedData, load_raw, partition
from data_prep.celeba import prepare_archive
from data_prep.celeba_checks import Published
from data_prep.celeba_tables import ATTRIBUTES
from data_prep.decoding import no_progress
from scorer.errors import UsageError
from tests.data_prep import _celeba as made

N = made.N_IMAGES


def test_images_labels_people_and_test_set_are_those_of_the_files(celeba_dir: Path) -> None:
    raw = load_raw("celeba", celeba_dir)
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


def test_any_attribute_may_be_the_label(celeba_dir: Path) -> None:
    smiling, young = load_raw("celeba", celeba_dir), load_raw("celeba-young", celeba_dir)
    np.testing.assert_array_equal(young.labels, made.attributes()[:, -1] > 0)
    assert young.content_sha256() != smiling.content_sha256()
    beard = load_raw("celeba-5-o-clock-shadow", celeba_dir)
    np.testing.assert_array_equal(beard.labels, made.attributes()[:, 0] > 0)
    with pytest.raises(UsageError, match=r"variant of celeba 'Yuong'. Did you mean Young"):
        load_raw("celeba-Yuong", celeba_dir)
    assert ATTRIBUTES == DATASETS["celeba"].VARIANTS
    assert len(set(ATTRIBUTES)) == 40


def test_nobody_is_in_two_sets(celeba_dir: Path) -> None:
    raw = load_raw("celeba", celeba_dir)
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
    layout: str, faces: made.Files, archive: bytes, celeba_dir: Path, tmp_path: Path,
    official: Published,
) -> None:  # fmt: skip
    fetched = made.write(tmp_path / "fetched", layouts(faces, archive)[layout])
    notes = prepare_archive([fetched], tmp_path, no_progress, official)
    found, expected = load_raw("celeba", tmp_path), load_raw("celeba", celeba_dir)
    for name in ("images", "labels", "subjects", "is_official_test"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    was_published = layout == "beside what is not of it"
    assert bool(notes) != was_published
    assert (found.content_sha256() == expected.content_sha256()) == was_published


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
