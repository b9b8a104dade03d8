"""A folder of somebody's images as a task: what `task.toml` in it says, and derived defaults.

Where there is no such file one is written, so that the task stays what it is. Of a file that says
less the rest is derived anew.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from data_prep import DamagedData, own
from scorer.errors import ScorerError, UsageError, unknown_name
from scorer.registry import same_name
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.base import ForgetSet
from scorer.tasks.forget.hard_random import N_MODELS, HardRandom
from scorer.tasks.forget.subjects import Subjects
from scorer.training.augment import AUGMENTATIONS
from scorer.training.models import ARCHITECTURES
from scorer.training.recipe import Recipe, steps_per_epoch

logger = logging.getLogger("scorer")

Settings = dict[str, Any]
Tasks = Mapping[str, TaskDefinition]

LIKE = {"digits": 8, "fashion_mnist": 28, "cifar10": 32, "celeba": 64}
"""Tasks that lend their recipes, with the side of their images."""

LEAST_EXAMPLES = 20
LEAST_STEPS = 100
MOST_EPOCHS = 60
ABOUT = {
    "name": "in results and tables",
    "size": "side in pixels: the central square of each image is resized to it",
    "colour": "false makes images grey",
    "like": "task whose recipe is taken where nothing else is said: its images are nearest in size",
    "network": f"one of {', '.join(ARCHITECTURES)}",
    "epochs": "passes over the training set",
    "batch_size": "examples a step",
    "learning_rate": "its peak",
    "weight_decay": "0 lets a network memorise more, so that there is more to forget",
    "augmentation": f"one of {', '.join(AUGMENTATIONS)}",
    "n_val": "examples that a method may look at besides retain and forget",
    "n_test": "examples that accuracy is measured on",
    "n_hard": "to forget: the examples that models are least sure of",
    "n_random": "to forget: others at random",
    "n_subjects": "to forget: all that there is of so many subjects",
}
"""What the file may say, in the order in which it is written."""

_RECIPE = {("network" if f.name == "architecture" else f.name): f.name for f in fields(Recipe)}
del _RECIPE["version"]
_COUNTS = {"n_val": 1, "n_test": 1, "n_hard": 0, "n_random": 0, "n_subjects": 1}
"""Counts by the least that they may be."""

KNOWN = (*ABOUT, *(name for name in _RECIPE if name not in ABOUT))


def read_definition(folder: Path, tasks: Tasks) -> TaskDefinition:
    """Return the task that a folder of images is, writing its `task.toml` where there is none.

    Args:
        folder: see `data_prep.own`.
        tasks: those with modules, which lend their recipes.

    Raises:
        UsageError: there is no such folder, it holds no images in a known layout, or the file says
            something that does not fit.
        ScorerError: no image can be read, or an array is not what it must be.
        OSError: the file cannot be written.
    """
    if not own.is_folder(str(folder)):
        raise UsageError(f"{folder} must be a folder of images to be a task; there is none")
    folder = folder.expanduser().resolve()
    path = folder / own.SETTINGS
    given = own.read_settings(folder)
    _check_names(given, path, tasks)
    try:
        facts = own.describe_folder(folder)
    except DamagedData as error:
        raise ScorerError(str(error)) from error
    if facts.n_official_test and "n_test" in given:
        raise UsageError(f"{path} must not name n_test where a folder `test` is the test set")
    derived = derive(facts, folder.name, given, tasks)
    if not path.exists():
        _write(path, derived, facts)
    definition = _definition({**derived, **given}, folder, path, tasks)
    if definition.recipe.architecture == "resnet18" and facts.shape[0] != 3:
        raise UsageError(
            f"network in {path} must be another than resnet18, which takes colour images, or "
            "colour = true stand there"
        )
    return definition


def derive(facts: own.Facts, folder_name: str, given: Settings, tasks: Tasks) -> Settings:
    """Return settings for images of that size and number.

    Args:
        facts: of the folder.
        folder_name: its last part.
        given: what is decided already; the rest follows it.
        tasks: those with modules.

    Raises:
        UsageError: there are too few images to divide.
    """
    n_channels, height, width = facts.shape
    n_pool = facts.n_examples - facts.n_official_test
    n_classes = len(facts.classes)
    least = max(LEAST_EXAMPLES, 5 * n_classes)
    if n_pool < least:
        raise UsageError(
            f"{n_classes} classes must have {least} images or more together, besides a test set, "
            f"got {n_pool}"
        )
    lenders = [it for it in LIKE if n_channels == 3 or tasks[it].recipe.architecture != "resnet18"]
    like = given.get("like") or min(lenders, key=lambda it: abs(math.log(height / LIKE[it])))
    recipe = tasks[like].recipe
    settings: Settings = {"name": _name(folder_name, tasks)}
    if facts.is_decoded:
        settings |= {"size": width, "colour": facts.shape[0] == 3}
    sizes = {"n_val": given.get("n_val", min(5000, max(n_classes, n_pool // 10)))}
    if not facts.n_official_test:
        sizes["n_test"] = given.get("n_test", min(10000, max(n_classes, n_pool * 15 // 100)))
    n_train = max(1, n_pool - sum(sizes.values()))
    if facts.n_subjects is not None and not given.keys() & {"n_hard", "n_random"}:
        sizes["n_subjects"] = max(1, facts.n_subjects // 20)
    elif "n_subjects" not in given:
        n_forget = min(1000, max(2, n_train // 10))
        sizes |= {"n_hard": n_forget // 2, "n_random": n_forget - n_forget // 2}
    batch_size = given.get("batch_size", min(recipe.batch_size, max(8, n_train // 10)))
    n_steps = steps_per_epoch(n_train, batch_size)
    rate = recipe.learning_rate * min(1.0, batch_size / recipe.batch_size)
    return {
        **settings,
        "like": like,
        "network": recipe.architecture,
        "epochs": max(recipe.epochs, min(MOST_EPOCHS, math.ceil(LEAST_STEPS / n_steps))),
        "batch_size": batch_size,
        "learning_rate": float(f"{rate:.2g}"),
        "weight_decay": recipe.weight_decay,
        "augmentation": recipe.augmentation,
        **sizes,
    }


def as_toml(settings: Settings, facts: own.Facts) -> str:
    """Return the text of a file with these settings."""
    n_test = f", {facts.n_official_test:,} of them the test set" if facts.n_official_test else ""
    names = ", ".join(facts.classes[:10]) + (", ..." if len(facts.classes) > 10 else "")
    # Folders may have line breaks in their names, which would end the comment.
    names = "".join(letter if letter.isprintable() else "?" for letter in names)
    lines = [
        "How the images in this folder are a task. Written with defaults derived from them: change",
        "what you like. What changes the models makes another task, whose models are trained anew.",
        f"{facts.n_examples:,} images{n_test}, {len(facts.classes)} classes: {names}",
        *facts.said,
    ]
    head = "".join(f"# {line}\n" for line in lines)
    # TOML writes these values as JSON does.
    rows = [(f"{name} = {json.dumps(settings[name])}", ABOUT[name]) for name in settings]
    width = max(len(row) for row, _ in rows)
    return head + "\n" + "".join(f"{row:<{width}}  # {about}\n" for row, about in rows)


def _write(path: Path, settings: Settings, facts: own.Facts) -> None:
    """Write the file and show it."""
    text = as_toml(settings, facts)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OSError(
            f"{path} cannot be written ({error.strerror}): a folder of images holds the settings "
            "of its task; make it writable, copy it, or write the file there yourself"
        ) from error
    temporary.replace(path)
    logger.warning("wrote %s with what the images suggest:\n%s", path, text)


def _name(folder_name: str, tasks: Tasks) -> str:
    """Return a name made of the folder's that no other task has."""
    name = re.sub(r"[^a-z0-9]+", "_", folder_name.lower()).strip("_")[:40] or "own"
    return f"own_{name}" if _is_taken(name, tasks) else name


def _is_taken(name: str, tasks: Tasks) -> bool:
    """Tell whether a task with a module has the name, or could have it for a variant."""
    return any(
        same_name(name, known) or name.replace("_", "-").startswith(f"{known}-") for known in tasks
    )


def _check_names(given: Settings, path: Path, tasks: Tasks) -> None:
    """Raise UsageError where a setting, or a name that it chooses, is not known."""
    choices: dict[str, Collection[str]] = {
        "like": LIKE,
        "network": ARCHITECTURES,
        "augmentation": AUGMENTATIONS,
    }
    for setting, value in given.items():
        if setting not in KNOWN:
            raise unknown_name(f"setting in {path}:", setting, KNOWN)
        if setting in choices and value not in choices[setting]:
            raise unknown_name(f"{setting} in {path}:", str(value), choices[setting])
        if setting in _COUNTS and (type(value) is not int or value < _COUNTS[setting]):
            raise UsageError(
                f"{setting} in {path} must be a whole number from {_COUNTS[setting]}, got {value!r}"
            )
    name = given.get("name", "x")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w-]{0,60}", name, re.ASCII):
        raise UsageError(
            f"name in {path} must be of letters, digits, - and _, at most 61, got {name!r}"
        )
    if _is_taken(name, tasks):
        raise UsageError(f"name in {path} must be no other task's, got {name!r}")
    if "n_subjects" in given and given.keys() & {"n_hard", "n_random"}:
        raise UsageError(f"{path} must name n_subjects, or n_hard and n_random, not both")


def _definition(settings: Settings, folder: Path, path: Path, tasks: Tasks) -> TaskDefinition:
    """Return the task of complete settings."""
    base = tasks[settings["like"]]
    recipe = asdict(base.recipe)
    for setting, field in _RECIPE.items():
        if setting in settings:
            recipe[field] = _typed(settings[setting], recipe[field], f"{setting} in {path}")
    try:
        return replace(
            base,
            name=settings["name"],
            summary=f"own images in {folder.name}",
            dataset=str(folder),
            recipe=Recipe(**recipe),
            n_val=settings["n_val"],
            n_test=settings.get("n_test"),
            forget=_forget_set(settings),
        )
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error


def _forget_set(settings: Settings) -> ForgetSet:
    """Return what is to be forgotten."""
    if "n_subjects" in settings:
        return Subjects(n_subjects=settings["n_subjects"])
    n_hard, n_random = settings["n_hard"], settings["n_random"]
    return HardRandom(n_hard, n_random, N_MODELS if n_hard else 0)


def _typed(value: Any, example: Any, what: str) -> Any:
    """Return a value in the type that the recipe has.

    Raises:
        UsageError: it is of another.
    """
    if isinstance(example, float):
        if type(value) in (int, float) and math.isfinite(value):
            return float(value)
    elif type(value) is type(example):
        return value
    raise UsageError(f"{what} must be {type(example).__name__}, got {value!r}")
