"""The command line with the tiny task, as a process of its own for tests that kill it."""

from __future__ import annotations

from scorer.cli import main
from scorer.tasks import TASKS
from tests.conftest import tiny_definition

if __name__ == "__main__":
    TASKS.members["tiny"] = tiny_definition()
    main()
