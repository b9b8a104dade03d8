"""A folder of images as a task: derived settings, what may be changed, what is refused, a score."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from sklearn.datasets import load_digits

from scorer.cli import main
from scorer.engines.base import no_progress
from scorer.errors import ScorerError, UsageError
from scorer.options import Options
from scorer.pipeline import score
from scorer.tasks import TASKS, keep
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.hard_random import HardRandom
from scorer.tasks.forget.subjects import Subjects
from scorer.tasks.load import load_task
from scorer.tasks.snapshot import read_snapshot, save_snapshot
from scorer.tasks.task import SETS, Task
from tests._engine import InlineEngine
from tests.data_prep._own import write_classes, write_image, write_own_arrays


def settings_of(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "task.toml").read_text())


def load(folder: Path, cache: Path, split_seed: int = 0) -> Task:
    options = Options(
        task=str(folder), split_seed=split_seed, device="cpu", cache_dir=cache,
        data_dir=cache / "data",
    )  # fmt: skip
    return load_task(options, InlineEngine(1), no_progress)


def write_digits(folder: Path, n: int) -> Path:
    """Write real digits as PNGs, one folder a digit."""
    digits = load_digits()
    for index, (image, label) in enumerate(zip(digits.images[:n], digits.target, strict=False)):
        path = folder / f"digit {label}" / f"{index:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(path)
    return folder


SMALL = "epochs = 1\nn_hard = 0\nn_random = 6\nn_val = 10\nn_test = 12\n"


def test_settings_are_derived_written_and_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_classes(tmp_path / "My Photos!", (60, 40))
    write_image(folder / "a/wide.png", 900, (30, 50))
    assert str(folder) in TASKS
    with caplog.at_level(logging.WARNING, "scorer"):
        definition = TASKS[str(folder)]
    text = (folder / "task.toml").read_text()
    assert text in caplog.text
    assert "# 101 images, 2 classes: a, b\n# 1 of 101 images looked at are not 8 x 8" in text
    assert settings_of(folder) == {
        "name": "my_photos", "size": 8, "colour": True, "like": "digits", "network": "small_cnn",
        "epochs": 13, "batch_size": 8, "learning_rate": 0.01, "weight_decay": 5e-4,
        "augmentation": "none", "n_val": 10, "n_test": 15, "n_hard": 3, "n_random": 4,
    }  # fmt: skip
    assert (definition.name, definition.forget) == ("my_photos", HardRandom(3, 4, 16))
    assert definition.recipe.schedule == TASKS["digits"].recipe.schedule
    assert TaskDefinition.from_dict(definition.as_dict()) == definition
    caplog.clear()
    assert TASKS[str(folder)] == definition
    assert not caplog.text
    assert not list(tmp_path.glob("**/.*.part"))


@pytest.mark.parametrize(
    ("side", "grey", "like", "colour"),
    [
        (8, True, "digits", False),
        (12, False, "digits", True),
        (24, True, "fashion_mnist", False),
        (32, False, "cifar10", True),
        (40, True, "cifar10", True),
        (48, True, "celeba", True),
        (200, False, "celeba", True),
    ],
)
def test_the_recipe_is_that_of_the_nearest_size(
    side: int, grey: bool, like: str, colour: bool, tmp_path: Path
) -> None:
    folder = write_classes(tmp_path / "x", (12, 12), size=(side, side), grey=grey)
    definition = TASKS[str(folder)]
    settings = settings_of(folder)
    assert (settings["like"], settings["colour"]) == (like, colour)
    assert settings["size"] == min(side, 64)
    assert definition.recipe.architecture == TASKS[like].recipe.architecture


def test_a_file_may_say_little_and_is_never_rewritten(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "x")
    text = 'name = "mine"\nnetwork = "small_resnet"\nlearning_rate = 1\ndtype = "bfloat16"\n'
    (folder / "task.toml").write_text(text)
    definition = TASKS[str(folder)]
    assert (folder / "task.toml").read_text() == text
    assert definition.name == "mine"
    recipe = definition.recipe
    assert (recipe.architecture, recipe.learning_rate) == ("small_resnet", 1.0)
    assert (recipe.dtype, recipe.momentum) == ("bfloat16", 0.9)


def test_a_test_folder_leaves_no_size_of_the_test_set_to_choose(tmp_path: Path) -> None:
    write_classes(tmp_path / "x/train", (30, 30))
    write_classes(tmp_path / "x/test", (9, 9), start=100)
    task = load(tmp_path / "x", tmp_path / "cache")
    assert "n_test" not in settings_of(tmp_path / "x")
    assert len(task.indices("test")) == 18
    (tmp_path / "x/task.toml").write_text("n_test = 5")
    with pytest.raises(UsageError, match="must not name n_test where a folder `test`"):
        TASKS[str(tmp_path / "x")]


def test_subjects_are_forgotten_whole(tmp_path: Path) -> None:
    subjects = np.repeat(np.arange(10) * 3, 4)
    folder = write_own_arrays(tmp_path / "x", subjects=subjects, labels=np.arange(40) % 2)
    task = load(folder, tmp_path / "cache")
    assert task.definition.forget == Subjects(n_subjects=1)
    people = {name: set(subjects[task.indices(name)].tolist()) for name in SETS}
    assert sum(map(len, people.values())) == 10
    assert len(people["forget"]) == 1
    assert task.split.notes["n_forget_subjects"] == 1
    other = load(folder, tmp_path / "cache", 1)
    assert other.fingerprint != task.fingerprint
    np.testing.assert_array_equal(
        read_snapshot(save_snapshot(task, tmp_path / "snapshot")).raw.subjects, subjects
    )
    (folder / "task.toml").write_text("n_hard = 0\nn_random = 3\n")
    assert load(folder, tmp_path / "cache").definition.forget == HardRandom(0, 3, 0)


def test_without_subjects_none_can_be_forgotten(tmp_path: Path) -> None:
    folder = write_own_arrays(tmp_path / "x")
    (folder / "task.toml").write_text("n_subjects = 2\n")
    with pytest.raises(UsageError, match=r"must say whom each image is of .* subjects\.npy"):
        load(folder, tmp_path / "cache")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "unknown setting in .*task.toml: 'epoch'. Did you mean epochs"),
        ('network = "resnet81"', "unknown network in .* 'resnet81'. Did you mean resnet18"),
        ('augmentation = "flip"', "unknown augmentation in .* 'flip'"),
        ('like = "mnist"', "unknown like in .* 'mnist'. Did you mean fashion_mnist"),
        ("n_hard = -1", "n_hard in .* must be a whole number from 0, got -1"),
        ("n_val = 2.5", "n_val in .* must be a whole number from 1, got 2.5"),
        ("epochs = 2.5", "epochs in .* must be int, got 2.5"),
        ('learning_rate = "fast"', "learning_rate in .* must be float, got 'fast'"),
        ("learning_rate = 0", "`learning_rate` must be positive, got 0"),
        ("learning_rate = inf", "learning_rate in .* must be float, got inf"),
        ('optimizer = "lion"', "`optimizer` must be one of"),
        ('name = "digits"', "must be no other task's, got 'digits'"),
        ('name = "celeba-mine"', "must be no other task's"),
        ('name = "../x"', "must be of letters, digits, - and _"),
        ("name = 3", "must be of letters"),
        ("n_hard = 3\nn_subjects = 2", "must name n_subjects, or n_hard and n_random"),
        ('network = "resnet18"\ncolour = false', "another than resnet18, which takes colour"),
        ("n_hard = 0\nn_random = 0", "task x: `n_hard` .* must be at least 1"),
        ("n_val = 40\nn_test = 20", "task x: n_val .* must leave train examples"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(text: str, message: str, tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "x")
    (folder / "task.toml").write_text(text)
    with pytest.raises(ScorerError, match=message.replace("task.toml", r"task\.toml")):
        load(folder, tmp_path / "cache")


def test_too_few_images_are_refused_and_no_file_is_written(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "x", (10, 9))
    with pytest.raises(UsageError, match=r"2 classes must have 20 images or more .* got 19"):
        TASKS[str(folder)]
    assert not (folder / "task.toml").exists()


def test_a_path_that_is_no_folder_is_told(tmp_path: Path) -> None:
    for name in (str(tmp_path / "nowhere"), "./nowhere", str(Path(__file__))):
        assert name in TASKS
        with pytest.raises(UsageError, match="must be a folder of images to be a task"):
            TASKS[name]
    assert "nowhere" not in TASKS


def test_names_of_tasks_are_not_taken(tmp_path: Path) -> None:
    for folder, name in (
        ("digits", "own_digits"),
        ("CelebA mine", "own_celeba_mine"),
        ("!", "own"),
    ):
        TASKS[str(write_classes(tmp_path / folder))]
        assert settings_of(tmp_path / folder)["name"] == name


def test_odd_names_of_classes_do_not_break_the_file(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "x")
    (folder / "a").rename(folder / 'one\nname = "digits"')
    (folder / "b").rename(folder / "zwei ä")
    assert TASKS[str(folder)].name == "x"
    text = (folder / "task.toml").read_text()
    assert '2 classes: one?name = "digits", zwei ä\n' in text


def test_variants_of_a_task_are_tasks() -> None:
    young = TASKS["celeba-Young"]
    assert (young.name, young.dataset) == ("celeba-Young", "celeba-Young")
    assert dataclasses.replace(young, name="celeba", dataset="celeba") == TASKS["celeba"]
    assert TASKS["celeba-5_o_clock_shadow"].name == "celeba-5_o_Clock_Shadow"
    assert "celeba-Young" in TASKS and "celeba-Young" not in list(TASKS)
    with pytest.raises(UsageError, match="unknown variant of celeba 'Yung'"):
        Options(task="celeba-Yung")


def test_copies_are_dropped_and_nothing_leaks(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "x", (30, 30))
    for number in range(5):
        content = (folder / f"a/{number:03d}.png").read_bytes()
        (folder / f"b/copy{number}.png").write_bytes(content)
    (folder / "task.toml").write_text(SMALL)
    task = load(folder, tmp_path / "cache")
    assert task.split.notes["n_copies_dropped"] == 5
    assert task.split.notes["n_copies_with_another_label"] == 5
    assert sum(len(task.indices(name)) for name in SETS) == 60


def test_hard_examples_may_be_kept_beside_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_digits(tmp_path / "x", 60)
    (folder / "task.toml").write_text(SMALL.replace("n_hard = 0", "n_hard = 3"))
    monkeypatch.setattr("scorer.tasks.own_images.N_MODELS", 2)
    monkeypatch.setattr(keep, "LocalEngine", InlineEngine)
    with caplog.at_level(logging.WARNING, "scorer"):
        first = load(folder, tmp_path / "cache")
    assert f"python -m scorer.tasks.keep {folder}" in caplog.text
    words = [str(folder), "--device", "cpu", "--cache-dir", str(tmp_path / "cache"),
             "--data-dir", str(tmp_path / "cache/data")]  # fmt: skip
    result = CliRunner().invoke(keep.main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    caplog.clear()
    again = load(folder, tmp_path / "cache")
    assert not caplog.text
    assert again.fingerprint == first.fingerprint
    kept = json.loads((folder / "forget_set-0.json").read_text())
    assert len(kept["hard"]) == 3
    write_image(folder / "digit 3/more.png", 1, grey=True)
    with pytest.raises(ScorerError, match="must hold the hard examples of task x as it is now"):
        load(folder, tmp_path / "cache")


def test_to_keep_on_a_full_disk_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_classes(tmp_path / "x")
    free = shutil.disk_usage(tmp_path)._replace(free=7)
    monkeypatch.setattr("shutil.disk_usage", lambda path: free)
    words = [str(folder), "--data-dir", str(tmp_path / "data"), "--cache-dir", str(tmp_path / "c")]
    result = CliRunner().invoke(keep.main, words)
    assert result.exit_code == 1
    assert "make room or choose another --data-dir" in result.stderr


def test_a_folder_of_pngs_is_scored_and_ranked(tmp_path: Path, inline_is_known: None) -> None:
    folder = write_digits(tmp_path / "mine", 120)
    (folder / "task.toml").write_text(SMALL)
    options = Options(
        task=str(folder), n_models=2, workers=1, engine="inline", device="cpu",
        cache_dir=tmp_path / "cache", data_dir=tmp_path / "data", results_dir=tmp_path / "results",
    )  # fmt: skip
    seen: list[str] = []
    (scored,) = score(["finetune"], options, lambda what, done, total: seen.append(what))
    assert not scored.record.faults
    assert scored.record.task == "mine"
    assert scored.record.forgetting_quality is not None
    assert seen[0] == "images"
    scored.keep(options.results_dir)
    for typed in (str(folder), "mine"):
        words = ["leaderboard", "--task", typed, "--results-dir", str(options.results_dir)]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        assert "mine: N=2 models" in result.stdout and "finetune" in result.stdout
    assert str(tmp_path) not in json.dumps(scored.record.as_dict()["provenance"]["task"])
