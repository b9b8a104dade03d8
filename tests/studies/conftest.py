"""What tests of studies share: settings of a quick run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.options import Options
from scorer.studies import Settings


@pytest.fixture
def settings(tmp_path: Path, inline_is_known: None) -> Settings:
    """Return settings of a quick run on digits that starts no workers."""
    options = Options(
        engine="inline",
        device="cpu",
        workers=1,
        cache_dir=tmp_path / "cache",
        results_dir=tmp_path / "results",
        data_dir=tmp_path / "data",
    )
    return Settings(options, quick=True)
