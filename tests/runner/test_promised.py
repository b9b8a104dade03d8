"""Numbers and names that the contract gives are those that the code holds runs to."""

from __future__ import annotations

import pytest

from scorer.options import Options
from scorer.runner.child.contract import BATCH_SIZE
from scorer.runner.host import AUDIT_PATIENCE, FILE_MIB, FILES_MIB, N_FILES, N_PROCESSES
from scorer.runner.load import MOST_NAME_BYTES, RESERVED
from scorer.settings import PROJECT_ROOT

CONTRACT = " ".join((PROJECT_ROOT / "docs" / "contract.md").read_text().split())
WORDS = {10: "ten times", 0.2: "a fifth"}


@pytest.mark.parametrize(
    "promise",
    [
        f"{BATCH_SIZE} examples a batch",
        f"at most {MOST_NAME_BYTES} bytes",
        f"up to {N_PROCESSES} processes",
        f"files of {FILE_MIB:g} MiB, {FILES_MIB / 1024:g} GiB and {N_FILES:,} files together",
        f"the audit has {WORDS[AUDIT_PATIENCE]} the time limit",
        f"{WORDS[Options().budget]} of a retraining",
        *(f"`{name}`" for name in sorted(RESERVED)),
    ],
)
def test_the_contract_says_what_holds(promise: str) -> None:
    assert promise in CONTRACT
