"""Tasks: what they promise, what identifies them, and that they survive the way to a worker."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_prep import half_masks, load_raw
from scorer.engines import LocalEngine
from scorer.engines.base import no_progress
from scorer.errors import UsageError
from scorer.options import Options
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.difficulty import measure_difficulty
from scorer.tasks.forget import Material
from scorer.tasks.forget.hard_random import HardRandom
from scorer.tasks.load import load_task
from scorer.tasks.snapshot import read_snapshot, save_snapshot
from scorer.tasks.task import SETS, Task
from scorer.training.families import family_member
from scorer.training.models import ARCHITECTURES
from tests._engine import InlineEngine
from tests.conftest import tiny_definition


def load(name: str, split_seed: int = 0, **folders: Path) -> Task:
    folders = {"data_dir": Path("data"), "cache_dir": Path("no-cache"), **folders}
    options = Options(task=name, split_seed=split_seed, device="cpu", **folders)
    return load_task(options, LocalEngine(1), no_progress)


@pytest.fixture(scope="module")
def digits() -> Task:
    return load("digits")


def test_digits_is_the_task_of_the_design(digits: Task) -> None:
    assert {name: len(digits.indices(name)) for name in SETS} == {
        "retain": 1170, "forget": 130, "val": 197, "test": 300,
    }  # fmt: skip
    strata, counts = np.unique(digits.split.forget_stratum, return_counts=True)
    assert dict(zip(strata.tolist(), counts.tolist(), strict=True)) == {"hard": 90, "random": 40}
    images = digits.images("train")
    assert images.shape == (1300, 1, 8, 8)
    assert abs(float(images.mean())) < 0.1
    assert 0.8 < float(images.std()) < 1.2


def test_the_public_split_of_digits_never_changes(digits: Task) -> None:
    assert digits.fingerprint == (
        "00a68bb0dbdc24792ec83bdef3f96d37df682066fc3563e34e1cdd990f7dc32a"
    )


@pytest.mark.parametrize("name", TASKS)
def test_every_task_names_what_exists(name: str) -> None:
    definition = TASKS[name]
    architecture = definition.recipe.architecture
    assert architecture in ARCHITECTURES or family_member(architecture) is not None
    assert definition.summary


def test_unknown_tasks_get_near_matches() -> None:
    with pytest.raises(UsageError, match=r"unknown task 'mnist'\. Did you mean fashion_mnist"):
        TASKS["mnist"]


OTHER_VALUES = {
    "architecture": "small_resnet", "optimizer": "adam", "learning_rate": 0.2, "momentum": 0.8,
    "weight_decay": 1e-4, "schedule": "cosine", "warmup": 0.1, "epochs": 3, "batch_size": 32,
    "augmentation": "shift2", "class_weights": "inverse_count", "dtype": "bfloat16", "version": 99,
}  # fmt: skip


@pytest.mark.parametrize("field", OTHER_VALUES)
def test_any_field_of_the_recipe_changes_the_fingerprint(tiny_task: Task, field: str) -> None:
    recipe = dataclasses.replace(tiny_task.definition.recipe, **{field: OTHER_VALUES[field]})
    other = dataclasses.replace(
        tiny_task, definition=dataclasses.replace(tiny_task.definition, recipe=recipe)
    )
    assert other.fingerprint != tiny_task.fingerprint


def test_the_list_above_covers_the_recipe(tiny_task: Task) -> None:
    assert set(OTHER_VALUES) == set(dataclasses.asdict(tiny_task.definition.recipe))


@pytest.mark.parametrize(
    "change",
    [
        {"mean": (0.5,)},
        {"images": None},
        {"labels": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_data_and_normalisation_change_the_fingerprint(
    tiny_task: Task, change: dict[str, Any]
) -> None:
    for name in set(change) & {"images", "labels"}:
        changed = getattr(tiny_task.raw, name).copy()
        changed.flat[0] = (changed.flat[0] + 1) % 10
        change = {name: changed}
    other = dataclasses.replace(tiny_task, raw=dataclasses.replace(tiny_task.raw, **change))
    assert other.fingerprint != tiny_task.fingerprint


@pytest.mark.usefixtures("tiny_is_known")
def test_another_split_seed_is_another_split() -> None:
    first, again, other = load("tiny"), load("tiny"), load("tiny", 1)
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert not np.array_equal(first.split.forget, other.split.forget)


def test_a_snapshot_is_the_task(tiny_task: Task, tmp_path: Path) -> None:
    path = save_snapshot(tiny_task, tmp_path)
    read = read_snapshot(path)
    assert read.fingerprint == tiny_task.fingerprint
    assert read.definition == tiny_task.definition
    assert save_snapshot(tiny_task, tmp_path) == path
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    for name in SETS:
        np.testing.assert_array_equal(read.indices(name), tiny_task.indices(name))


def test_a_snapshot_of_an_older_edition_is_left_alone(tiny_task: Task, tmp_path: Path) -> None:
    old = tmp_path / f"task-{tiny_task.fingerprint[:16]}.npz"
    old.write_bytes(b"of another form")
    path = save_snapshot(tiny_task, tmp_path)
    assert path != old
    assert read_snapshot(path).fingerprint == tiny_task.fingerprint
    assert old.read_bytes() == b"of another form"


def material_of(
    definition: TaskDefinition, split_seed: int, cache: Path = Path("no-cache")
) -> Material:
    options = Options(split_seed=split_seed, data_dir=Path("data"), cache_dir=cache, device="cpu")
    raw = load_raw(definition.dataset, options.data_dir)
    return Material(definition, raw, options, InlineEngine(2), no_progress)


def difficulty(definition: TaskDefinition, cache: Path, n_models: int) -> np.ndarray:
    material = material_of(definition, 0, cache)
    return measure_difficulty(material, material.partition().train, n_models)


def test_difficulty_is_out_of_sample_and_resumable(tmp_path: Path) -> None:
    definition = tiny_definition()
    first = difficulty(definition, tmp_path, 4)
    assert first.shape == (250,)
    models = next((tmp_path / "v1" / "difficulty").glob("*/models"))
    before = {p: p.stat().st_mtime_ns for p in models.glob("*/manifest.json")}
    np.testing.assert_array_equal(difficulty(definition, tmp_path, 4), first)
    assert {p: p.stat().st_mtime_ns for p in models.glob("*/manifest.json")} == before
    masks = half_masks(np.repeat(np.arange(10), 25), 4, seed=0)
    assert (masks.sum(axis=0) == 2).all()


@pytest.mark.slow
def test_the_kept_hard_examples_are_the_hard_ones(tmp_path: Path, digits: Task) -> None:
    definition = TASKS["digits"]
    forget = definition.forget
    assert isinstance(forget, HardRandom)
    measured = difficulty(definition, tmp_path, forget.n_models)
    train = digits.indices("train")
    hardest = train[np.argsort(measured)[: forget.n_hard]]
    kept = digits.split.forget[digits.split.forget_stratum == "hard"]
    # Another processor may round differently and swap a few examples at the edge.
    assert len(np.intersect1d(hardest, kept)) >= 0.8 * len(kept)
