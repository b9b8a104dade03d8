"""What the system is asked for by a program that comes without the kit."""

from __future__ import annotations

import pytest

from tests.test_processes import FAMILY, has_ended, line, needs_linux, started

CHILD_FAMILY = FAMILY.replace("scorer.processes", "scorer.runner.child.kernel")


@needs_linux
@pytest.mark.parametrize("is_gone_before", [False, True])
def test_a_run_ends_with_its_server_even_if_that_was_gone_before(is_gone_before: bool) -> None:
    assert CHILD_FAMILY != FAMILY
    process = started(CHILD_FAMILY, str(int(is_gone_before)))
    child = int(line(process))
    if not is_gone_before:
        process.kill()
    assert has_ended(child)
    process.wait(60)
