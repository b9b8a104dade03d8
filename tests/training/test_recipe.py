"""Recipes refuse what they cannot mean, and seeds never change."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from scorer.training.recipe import Recipe, seed_of, steps_per_epoch
from tests.training._common import recipe


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("optimizer", "lion"),
        ("schedule", "step"),
        ("class_weights", "balanced"),
        ("dtype", "float16"),
        ("learning_rate", 0.0),
        ("epochs", 0),
        ("batch_size", -1),
        ("momentum", 1.0),
        ("momentum", -0.1),
        ("warmup", 1.0),
        ("weight_decay", -1e-4),
    ],
)
def test_refuses_and_names_the_field(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"`{field}` must .* got {value!r}"):
        recipe(**{field: value})


def test_dictionary_makes_the_same_recipe_again() -> None:
    original = recipe(epochs=7, dtype="bfloat16")
    assert Recipe(**asdict(original)) == original


def test_number_of_steps_leaves_out_the_incomplete_batch() -> None:
    assert steps_per_epoch(64, 16) == 4
    assert steps_per_epoch(79, 16) == 4
    assert steps_per_epoch(80, 16) == 5
    assert steps_per_epoch(5, 16) == 1
    assert recipe(epochs=3).n_steps(79) == 12


def test_seeds_are_those_of_the_first_release() -> None:
    # First 8 bytes of `printf f/oracle/0/init | sha256sum`, shifted right by one bit.
    assert seed_of("f", "oracle", 0, "init") == 657535621005712252
    assert seed_of("f", "oracle", 1, "init") == 3292898746219251529
    assert seed_of("f", "control", 0, "order") == 5250840817313102593


def test_no_two_streams_share_a_seed() -> None:
    seeds = {
        seed_of("f", role, index, stream)
        for role in ("original", "oracle", "control")
        for index in range(50)
        for stream in ("init", "order", "augment")
    }
    assert len(seeds) == 3 * 50 * 3
    assert all(0 <= seed < 2**63 for seed in seeds)
