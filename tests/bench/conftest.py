"""What tests of benches share: settings of the tiny task, and a cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.bench import Settings


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache that keeps the chosen training path from test to test."""
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def settings(cache: Path, tiny_is_known: None) -> Settings:
    """Return settings of two rounds on the tiny task."""
    return Settings("tiny", 2, cache / "no-data", cache)
