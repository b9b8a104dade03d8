"""Kinds of forget sets: found by file, chosen by the definition, told to workers."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from data_prep import load_raw
from scorer.engines import LocalEngine
from scorer.engines.base import no_progress
from scorer.options import Options
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget import FORGET_SETS, Material
from scorer.tasks.forget.given import Given
from scorer.tasks.forget.hard_random import HardRandom
from tests.conftest import tiny_definition

SOME = np.array([3, 8, 5, 100, 230])


def some_indices(data_dir: Path) -> np.ndarray:
    """Return a forget set that somebody fixed beforehand."""
    assert data_dir == Path("data")
    return SOME


def material(split_seed: int) -> Material:
    options = Options(
        split_seed=split_seed, data_dir=Path("data"), cache_dir=Path("no-cache"), device="cpu"
    )
    raw = load_raw("digits", options.data_dir)
    return Material(tiny_definition(), raw, options, LocalEngine(1), no_progress)


def test_kinds_are_found() -> None:
    assert {"given", "hard_random"} <= FORGET_SETS.keys()
    assert all(FORGET_SETS.summaries().values())


@pytest.mark.parametrize("name", TASKS)
def test_a_definition_survives_the_way_to_a_worker(name: str) -> None:
    definition = TASKS[name]
    assert TaskDefinition.from_dict(definition.as_dict()) == definition


def test_a_given_set_is_taken_on_the_public_split_and_left_in_train() -> None:
    kind = Given(indices="tests.tasks.test_forget:some_indices", n_examples=5)
    split = kind.split(material(0))
    np.testing.assert_array_equal(split.forget, np.sort(SOME))
    assert set(split.forget_stratum) == {"given"}
    other = kind.split(material(1))
    assert set(other.forget_stratum) == {"random"}
    assert len(other.forget) == kind.size == 5


@pytest.mark.parametrize("name", [n for n, t in TASKS.items() if isinstance(t.forget, Given)])
def test_where_given_indices_come_from_exists(name: str) -> None:
    forget = TASKS[name].forget
    assert isinstance(forget, Given)
    module, _, function = forget.indices.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_random_examples_alone_train_no_models() -> None:
    kind = HardRandom(n_hard=0, n_random=20, n_models=0)
    split = kind.split(material(0))
    assert len(split.forget) == kind.size == 20
    assert set(split.forget_stratum) == {"random"}


@pytest.mark.parametrize(("n_hard", "n_models"), [(5, 0), (0, 8)])
def test_models_are_trained_exactly_where_hard_examples_are_wanted(
    n_hard: int, n_models: int
) -> None:
    with pytest.raises(ValueError, match="`n_models` must be positive exactly where `n_hard` is"):
        HardRandom(n_hard=n_hard, n_random=5, n_models=n_models)
