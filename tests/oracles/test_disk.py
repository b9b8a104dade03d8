"""The room that models and runs need is told before any of them is made."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from scorer.errors import ScorerError
from scorer.oracles import disk
from scorer.oracles.disk import bank_needs, check_room, model_needs, outputs_bytes, run_needs
from scorer.oracles.pool import Pool
from scorer.secret import PUBLIC_SECRET
from scorer.store import Store
from scorer.tasks.task import Task
from tests._engine import InlineEngine
from tests.conftest import tiny_definition

GIB = 2**30


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


def have_free(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    """Let every disk have so much room."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(n_bytes, 0, n_bytes))


@pytest.fixture
def resnet_task(tiny_task: Task) -> Task:
    """Return a task of ResNet-18."""
    recipe = dataclasses.replace(tiny_task.definition.recipe, architecture="resnet18")
    images = np.repeat(tiny_task.raw.images, 3, axis=1)
    colour = dataclasses.replace(tiny_task.raw, images=images, mean=(0.5,) * 3, std=(0.5,) * 3)
    return dataclasses.replace(tiny_task, definition=tiny_definition(recipe=recipe), raw=colour)


def test_weights_of_originals_are_nearly_all_of_a_large_pool(resnet_task: Task) -> None:
    needs = model_needs(resnet_task, {"original": 512, "oracle": 512, "control": 0})
    assert [each.n_entries for each in needs] == [512, 512]
    original, oracle = (each.n_bytes / GIB for each in needs)
    assert 21 < original < 22 and oracle < 0.01
    (kept,) = run_needs(resnet_task, 512, with_weights=True)
    (plain,) = run_needs(resnet_task, 512)
    assert (kept.bytes_each, plain.bytes_each) == (needs[0].bytes_each, needs[1].bytes_each)
    assert run_needs(resnet_task, 0) == []


def test_banks_that_lie_in_a_file_are_counted_and_others_are_not(
    tiny_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bank_needs(tiny_task, {"oracle": 4}) == []
    monkeypatch.setattr(disk, "MOST_IN_MEMORY_BYTES", 3 * outputs_bytes(tiny_task))
    (need,) = bank_needs(tiny_task, {"oracle": 4, "original": 3})
    assert (need.what, need.n_entries) == ("outputs of oracle at once", 4)


def test_what_is_written_is_about_what_was_told(tiny_pool: Pool) -> None:
    def written(store: Store) -> int:
        return sum(path.stat().st_size for path in store.folder(0).iterdir())

    for need, role in zip(
        model_needs(tiny_pool.task, {"original": 1, "oracle": 1}),
        ("original", "oracle"),
        strict=True,
    ):
        assert 0.7 * need.n_bytes < written(tiny_pool.store(role)) < 1.1 * need.n_bytes


def test_the_message_says_how_much_for_what(
    resnet_task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs = model_needs(resnet_task, {"original": 512, "oracle": 512})
    needs += run_needs(resnet_task, 512)
    have_free(monkeypatch, GIB)
    with pytest.raises(ScorerError) as caught:
        check_room(tmp_path / "new", needs)
    said = str(caught.value)
    assert f"{tmp_path / 'new'} must have 23." in said and "GiB free, got 1.0 GiB: 21." in said
    for part in (
        "for 512 models of role original, with weights, ",
        "MiB for 512 models of role oracle, ",
        "MiB for 512 runs; make room or set CACHE_DIR",
    ):
        assert part in said
    have_free(monkeypatch, 24 * GIB)
    check_room(tmp_path / "new", needs)


def test_a_pool_is_not_begun_where_it_does_not_fit(
    tiny_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(tiny_pool.task, tiny_pool.path, "cpu", tiny_pool.cache_dir, PUBLIC_SECRET)
    have_free(monkeypatch, 2**18)
    with pytest.raises(ScorerError, match=r"free, got 0 MiB: 1 MiB for 50 models of role oracle"):
        pool.ensure({"original": 2, "oracle": 54}, InlineEngine(1))
    assert tiny_pool.store("oracle").missing(54) == list(range(4, 54))
