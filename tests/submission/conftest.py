"""The project's own entry, as tests of it call it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

ENTRY = Path(__file__).resolve().parents[2] / "submission" / "unlearn.py"


@pytest.fixture
def entry() -> ModuleType:
    """Return the entry as a module of its own, with a short length."""
    module = ModuleType("entry")
    exec(compile(ENTRY.read_text(), str(ENTRY), "exec", dont_inherit=True), module.__dict__)
    module.__dict__.update(EXAMPLES=8_000, START_WORK=(0.0,), STEP_WORK=(0.0,))
    return module
