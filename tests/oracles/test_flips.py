"""Bits that flip on disk: every one is noticed, said, and what it hit is made again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from scorer.engines.base import no_progress
from scorer.files import delete
from scorer.oracles.open import open_pool
from tests.oracles._cache import SmallCache, notice, restore, small_cache

KINDS = 16
"""How many kinds of files a cache has at least."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCache]:
    with small_cache(tmp_path_factory.mktemp("flips")) as made:
        yield made


def flip(path: Path, rng: random.Random) -> None:
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def test_there_is_a_file_of_every_kind(cache: SmallCache) -> None:
    assert len(cache.by_kind()) >= KINDS, sorted(cache.by_kind())


@pytest.mark.parametrize(
    "n_flips", [200, pytest.param(1000, marks=pytest.mark.slow)]
)  # fmt: skip
def test_every_flip_is_noticed(cache: SmallCache, n_flips: int) -> None:
    rng, kinds = random.Random(n_flips), sorted(cache.by_kind().items())
    pool, _ = open_pool(cache.options, no_progress)
    before = cache.contents()
    for turn in range(n_flips):
        kind, paths = kinds[turn % len(kinds)]
        path = rng.choice(paths)
        flip(path, rng)
        changed = path.read_bytes()
        notice(cache, pool, path)
        assert cache.damaged(), f"{kind}: {changed!r}"
        assert not path.is_file() or path.read_bytes() == before[path], f"{kind} is still damaged"
        restore(before, cache)


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_what_a_flip_hit_is_made_again(
    cache: SmallCache, every: int, caplog: pytest.LogCaptureFixture
) -> None:
    before, expected = cache.contents(), cache.make()
    for kind, paths in list(cache.by_kind().items())[::every]:
        rng = random.Random(kind)
        flip(rng.choice(paths), rng)
        caplog.clear()
        found = cache.make()
        assert "to be made again" in caplog.text, kind
        assert cache.damaged()
        for role, confidence in found.items():
            np.testing.assert_array_equal(confidence, expected[role], f"{kind}: {role}")
        for path in cache.damaged():
            delete(path)
        assert not [path for path in before if not path.is_file()], kind
