"""From what is fetched of CelebA to a score, on a made archive of the same layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_prep.celeba import prepare_archive
from data_prep.decoding import no_progress
from scorer.engines import LocalEngine
from scorer.options import Options
from scorer.pipeline import score
from scorer.tasks import TASKS
from scorer.tasks.forget.subjects import Subjects
from scorer.tasks.load import load_task
from scorer.tasks.snapshot import read_snapshot, save_snapshot
from scorer.tasks.task import SETS, Task
from tests.data_prep import _celeba as made


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a made CelebA."""
    folder = tmp_path_factory.mktemp("celeba")
    names = {f"img_align_celeba/{made.name_of(i)}": made.face(i) for i in range(made.N_IMAGES)}
    archive = made.packed(names)
    files = {"Img/img_align_celeba.zip": archive, **made.tables()}
    fetched = made.write(folder / "fetched", files)
    prepare_archive([fetched], folder, no_progress, made.published(archive))
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let task `celeba` have a network and sizes for a test; the rest is its own."""
    whole = TASKS["celeba"]
    recipe = replace(whole.recipe, architecture="small_resnet", epochs=1, dtype="float32")
    definition = replace(whole, recipe=recipe, n_val=30, forget=Subjects(n_subjects=3))
    monkeypatch.setitem(TASKS.members, "celeba", definition)


def options_for(task: str, folder: Path, **changes: object) -> Options:
    values = {"data_dir": folder, "cache_dir": folder / "cache", "results_dir": folder / "results"}
    return Options(task=task, device="cpu", workers=1, **(values | changes))  # type: ignore[arg-type]


def load(task: str, folder: Path, split_seed: int = 0) -> Task:
    options = options_for(task, folder, split_seed=split_seed)
    return load_task(options, LocalEngine(1), no_progress)


@pytest.mark.usefixtures("small")
def test_whole_people_are_forgotten_and_nobody_is_in_two_parts(data_dir: Path) -> None:
    task = load("celeba", data_dir)
    assert task.raw.subjects is not None
    people = {name: set(task.raw.subjects[task.indices(name)].tolist()) for name in SETS}
    assert [len(people[name]) for name in SETS] == [19, 3, 3, 5]
    for name in SETS:
        numbers, subjects = (
            task.people_of(task.indices(name)),
            task.raw.subjects[task.indices(name)],
        )
        assert numbers is not None and len(set(numbers.tolist())) == len(people[name])
        assert len(set(zip(numbers.tolist(), subjects.tolist(), strict=True))) == len(people[name])
    assert sum(map(len, people.values())) == len(set.union(*people.values()))
    assert people["test"] == set(range(26, 31))
    assert set(task.split.forget_stratum) == {"random"}
    assert task.split.notes["n_of_test_subjects_dropped"] == 0


@pytest.mark.usefixtures("small")
def test_labels_splits_and_seeds_are_other_tasks(data_dir: Path) -> None:
    found = [load("celeba", data_dir), load("celeba-Young", data_dir), load("celeba", data_dir, 1)]
    assert len({task.fingerprint for task in found}) == 3
    smiling, young, other = found
    np.testing.assert_array_equal(smiling.split.forget, young.split.forget)
    assert not np.array_equal(smiling.split.forget, other.split.forget)
    assert young.name == "celeba-Young"


@pytest.mark.usefixtures("small")
def test_a_snapshot_keeps_whom_images_are_of(data_dir: Path, tmp_path: Path) -> None:
    task = load("celeba", data_dir)
    read = read_snapshot(save_snapshot(task, tmp_path))
    assert read.fingerprint == task.fingerprint
    np.testing.assert_array_equal(read.raw.subjects, task.raw.subjects)


@pytest.mark.usefixtures("small", "inline_is_known")
def test_a_made_archive_is_scored_end_to_end(data_dir: Path) -> None:
    options = options_for("celeba", data_dir, n_models=2, engine="inline")
    (scored,) = score(["finetune"], options, no_progress)
    assert not scored.record.faults
    assert scored.record.forgetting_quality is not None
    assert scored.record.strata["random"]["n_examples"] == 30
    assert (
        "verified by MD5: list_attr_celeba.txt" in scored.record.provenance["task"]["data_source"]
    )
