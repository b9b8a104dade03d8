"""Kept hard examples: one public split everywhere, an error where a file does not fit."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from data_prep import RawData, load_raw
from scorer.engines.base import no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.tasks import TASKS, keep, kept
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget import Material
from scorer.tasks.forget.hard_random import HardRandom, from_hardest
from tests._engine import InlineEngine
from tests.conftest import tiny_definition

SMALL = HardRandom(n_hard=10, n_random=10, n_models=2)


@pytest.fixture
def hard() -> TaskDefinition:
    return tiny_definition(forget=SMALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let hard examples be kept in an empty folder."""
    monkeypatch.setattr(kept, "KEPT", tmp_path / "kept")
    return tmp_path / "kept"


def material(
    definition: TaskDefinition, cache: Path, split_seed: int = 0, raw: RawData | None = None
) -> Material:
    options = Options(split_seed=split_seed, cache_dir=cache, device="cpu")
    raw = raw or load_raw(definition.dataset, options.data_dir)
    return Material(definition, raw, options, InlineEngine(1), no_progress)


def keep_hard(definition: TaskDefinition, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Measure and keep in this process, as the command does."""
    monkeypatch.setitem(TASKS.members, definition.name, definition)
    monkeypatch.setattr(keep, "LocalEngine", InlineEngine)
    arguments = [definition.name, "--device", "cpu", "--cache-dir", str(cache)]
    result = CliRunner().invoke(keep.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return kept.kept_path(definition, 0)


def test_what_is_kept_is_the_public_split(
    hard: TaskDefinition, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    with caplog.at_level(logging.WARNING, "scorer"):
        measured = SMALL.split(material(hard, tmp_path / "a"))
    assert "task tiny is not kept with the code" in caplog.text
    assert "python -m scorer.tasks.keep tiny" in caplog.text
    path = keep_hard(hard, tmp_path / "a", monkeypatch)
    caplog.clear()
    # In another cache nothing is there but the file.
    split = SMALL.split(material(hard, tmp_path / "b"))
    assert not (tmp_path / "b").exists()
    assert not caplog.text
    np.testing.assert_array_equal(split.forget, measured.forget)
    np.testing.assert_array_equal(split.forget_stratum, measured.forget_stratum)
    facts = json.loads(path.read_text())
    assert [p.name for p in folder.iterdir()] == ["tiny-0.json"]
    assert facts["measured_on"]["data_sha256"] == load_raw("digits", Path("data")).content_sha256()
    assert facts["measured_on"]["environment"]["device"] == "cpu"


def test_other_splits_are_measured_without_a_word(
    hard: TaskDefinition, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    SMALL.split(material(hard, tmp_path, split_seed=3))
    assert (tmp_path / "v1" / "difficulty").is_dir()
    assert not caplog.text


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"n_val": 40}, "n_val 50 in place of 40"),
    ({"forget": dataclasses.replace(SMALL, n_models=4)}, "n_models 2 in place of 4"),
    ({"forget": dataclasses.replace(SMALL, n_hard=9)}, "n_hard 10 in place of 9"),
    (
        {"recipe": dataclasses.replace(tiny_definition().recipe, epochs=3)},
        "recipe.epochs 2 in place of 3",
    ),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=lambda it: it if type(it) is str else "")
def test_a_file_of_another_task_is_an_error(
    hard: TaskDefinition, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any], said: str,
) -> None:  # fmt: skip
    keep_hard(hard, tmp_path, monkeypatch)
    other = dataclasses.replace(hard, **change)
    assert isinstance(other.forget, HardRandom)
    with pytest.raises(ScorerError) as caught:
        other.forget.split(material(other, tmp_path))
    assert f"measured with {said}. " in str(caught.value)
    assert "again by `python -m scorer.tasks.keep tiny`" in str(caught.value)


def changed(raw: RawData, name: str, index: int) -> RawData:
    """Return the data with one value of an array changed."""
    array = np.array(getattr(raw, name))
    array.flat[index] = (array.flat[index] + 1) % 10
    return dataclasses.replace(raw, **{name: array})


def test_images_encoded_anew_are_the_same_task_and_other_labels_are_not(
    hard: TaskDefinition, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_hard(hard, tmp_path, monkeypatch)
    given = material(hard, tmp_path)
    again = SMALL.split(material(hard, tmp_path, raw=changed(given.raw, "images", 3)))
    np.testing.assert_array_equal(again.forget, SMALL.split(given).forget)
    with pytest.raises(ScorerError, match="measured with labels_sha256 '"):
        SMALL.split(material(hard, tmp_path, raw=changed(given.raw, "labels", 3)))


def test_kept_examples_must_be_train_examples(
    hard: TaskDefinition, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keep_hard(hard, tmp_path, monkeypatch)
    given = material(hard, tmp_path)
    facts = json.loads(path.read_text())
    facts["hard"][0] = int(given.partition().val[0])
    path.write_text(json.dumps(facts))
    with pytest.raises(ScorerError, match=r"must name train examples of task tiny, got 1 that are"):
        SMALL.split(given)


def test_the_order_of_all_is_kept_too(
    hard: TaskDefinition, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    path = keep_hard(hard, tmp_path / "a", monkeypatch)
    given = material(hard, tmp_path / "b")
    order = from_hardest(given, given.partition())
    assert not (tmp_path / "b").exists()
    measured = SMALL.measure(material(hard, tmp_path / "a"), given.partition())
    np.testing.assert_array_equal(order, measured)
    facts = json.loads(path.read_text())
    assert sorted(order[:10].tolist()) == facts["hard"]
    # The first files that were kept have none: then it is measured, and that is said.
    path.write_text(json.dumps({name: facts[name] for name in facts if name != "order"}))
    with caplog.at_level(logging.WARNING, "scorer"):
        again = from_hardest(material(hard, tmp_path / "a"), given.partition())
    np.testing.assert_array_equal(again, order)
    assert "task tiny is not kept with the code" in caplog.text


@pytest.mark.parametrize("wrong", ["short", "turned", "words"])
def test_an_order_that_is_none_is_an_error(
    wrong: str, hard: TaskDefinition, folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = keep_hard(hard, tmp_path, monkeypatch)
    facts = json.loads(path.read_text())
    order = facts["order"].split()
    changed = {"short": order[:-1], "turned": order[::-1], "words": ["x", *order]}[wrong]
    path.write_text(json.dumps(facts | {"order": " ".join(changed)}))
    said = "got what cannot be read" if wrong == "words" else "must have every train example of"
    given = material(hard, tmp_path)
    with pytest.raises(ScorerError, match=said):
        from_hardest(given, given.partition())


def test_an_interrupt_leaves_the_kept_file(
    hard: TaskDefinition, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keep_hard(hard, tmp_path, monkeypatch)
    before = path.read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(HardRandom, "measure", interrupt)
    with pytest.raises(KeyboardInterrupt):
        keep.keep(Options(task="tiny", cache_dir=tmp_path, device="cpu"), path)
    assert path.read_bytes() == before
    assert list(folder.iterdir()) == [path]


def test_a_task_without_hard_examples_has_nothing_to_keep(
    tiny_is_known: None, tmp_path: Path
) -> None:
    result = CliRunner().invoke(keep.main, ["tiny", "--out", str(tmp_path / "x.json")])
    assert result.exit_code == 2
    assert "task tiny must have hard examples to forget" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [p.stem.removesuffix("-0") for p in kept.KEPT.glob("*-0.json")])
def test_every_file_fits_its_task(name: str) -> None:
    definition = TASKS[name]
    facts = json.loads(kept.kept_path(definition, 0).read_text())
    assert isinstance(definition.forget, HardRandom)
    assert facts["measured_with"]["recipe"] == dataclasses.asdict(definition.recipe)
    assert facts["measured_with"]["n_models"] == definition.forget.n_models
    assert len(set(facts["hard"])) == definition.forget.n_hard
    if "order" in facts:
        first = facts["order"].split()[: definition.forget.n_hard]
        assert sorted(map(int, first)) == facts["hard"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"measured_with": 1, "hard": []}', '{"hard": [1]}',
     '{"measured_with": {}, "hard": "x"}'],
)  # fmt: skip
def test_a_damaged_file_says_what_to_do(
    hard: TaskDefinition, folder: Path, tmp_path: Path, content: str
) -> None:
    folder.mkdir()
    kept.kept_path(hard, 0).write_text(content)
    with pytest.raises(ScorerError, match=r"got what cannot be read .*; put the file back, or"):
        SMALL.split(material(hard, tmp_path / "a"))
