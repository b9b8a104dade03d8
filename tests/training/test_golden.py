"""A change of what a recipe yields, without a new RECIPE_VERSION, fails."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import torch

from scorer.training import loop
from scorer.training.augment import AUGMENTATIONS
from scorer.training.models import ARCHITECTURES
from scorer.training.recipe import RECIPE_VERSION
from tests.training import golden

KEPT = json.loads(golden.FILE.read_text())


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return golden.measure()


def test_golden_values_are_of_this_version() -> None:
    assert KEPT["version"] == RECIPE_VERSION, (
        f"golden values are of recipe version {KEPT['version']}, the code is of {RECIPE_VERSION};"
        f" run `{golden.COMMAND}`"
    )


def test_what_a_recipe_yields_changes_only_with_its_version(found: dict[str, Any]) -> None:
    changed = golden.differences(KEPT["values"], found)
    assert not changed, (
        f"under recipe version {RECIPE_VERSION} these yielded something else: {changed}. Models of"
        " both would be mixed: raise RECIPE_VERSION in scorer/training/recipe.py and run"
        f" `{golden.COMMAND}`, or put the code back"
    )


def test_every_architecture_and_augmentation_has_golden_values() -> None:
    kept = KEPT["values"]
    assert set(kept["architectures"]) == set(ARCHITECTURES), f"run `{golden.COMMAND}`"
    assert set(kept["augmentations"]) == set(AUGMENTATIONS) - {"none"}, f"run `{golden.COMMAND}`"
    assert kept["trainings"].keys() == {
        "celeba",
        "digits",
        "fashion_mnist",
        "cifar10",
        "cifar10-resnet18",
        "plane",
    }


CHANGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "loss": lambda patch: patch.setattr(
        loop.F, "cross_entropy", lambda *a, **k: 1.05 * torch.nn.functional.nll_loss(
            a[0].log_softmax(1), a[1], **k
        )
    ),
    "augmentation": lambda patch: patch.setattr(
        "scorer.training.augment.Augmentation.apply", lambda self, images, drawn: images
    ),
    "schedule": lambda patch: patch.setattr(loop, "learning_rate_factor", lambda *_: 0.9),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_step_is_noticed(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    CHANGES[what](monkeypatch)
    task = "cifar10" if what == "augmentation" else "digits"
    assert golden.differences(KEPT["values"], {"trainings": {task: golden.train(task)}})


def test_other_initial_weights_orders_and_seeds_are_noticed(found: dict[str, Any]) -> None:
    for kind, name, change in (
        ("architectures", "small_cnn", lambda it: it | {"along": it["along"] + 1e-4}),
        ("order", "of batches", lambda it: it[::-1]),
        ("seeds", "of a model", lambda it: [it[0] + 1, *it[1:]]),
        ("augmentations", "shift2", lambda it: it | {"drawn": ""}),
        ("schedules", "cosine", lambda it: [*it[:-1], it[-1] + 1e-6]),
    ):
        other = copy.deepcopy(found)
        other[kind][name] = change(other[kind][name])
        assert golden.differences(KEPT["values"], other) == [f"{kind} {name}"]


def test_golden_values_are_never_rewritten_under_one_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    file = tmp_path / "golden.json"
    monkeypatch.setattr(golden, "FILE", file)
    monkeypatch.setattr(golden, "measure", lambda: {"order": {"of batches": "new"}})
    file.write_text(
        json.dumps({"version": RECIPE_VERSION, "values": {"order": {"of batches": "old"}}})
    )
    before = file.read_text()
    with pytest.raises(SystemExit, match="order of batches changed: raise RECIPE_VERSION"):
        golden.main()
    assert file.read_text() == before
    file.write_text(json.dumps({"version": RECIPE_VERSION - 1, "values": {}}))
    golden.main()
    assert json.loads(file.read_text())["version"] == RECIPE_VERSION
