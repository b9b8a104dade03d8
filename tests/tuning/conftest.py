"""What tests of tuning share."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.options import Options


@pytest.fixture
def options(tmp_path: Path, tiny_is_known: None, inline_is_known: None) -> Options:
    """Return options of the tiny task in folders of the test."""
    return Options(
        cache_dir=tmp_path,
        data_dir=tmp_path,
        results_dir=tmp_path / "results",
        task="tiny",
        device="cpu",
        workers=1,
        engine="inline",
    )
