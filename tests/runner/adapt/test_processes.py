"""Processes that a submission starts find its own classes again, wherever its file lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.oracles.pool import Pool
from scorer.runner.load import find_submission
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.tiers import missing
from tests.runner._hosts import host_of

LOADS = """
import torch
from torch.utils.data import DataLoader, Dataset

from .parts import Half


class Labels(Dataset):
    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self.data[index]["label"]


def add(rank, shared):
    shared[rank] += rank + 1


def unlearning(net, retain, forget, val):
    for data in (Labels(forget.dataset), Labels(Half(forget.dataset))):
        loader = DataLoader(data, 8, num_workers=1, multiprocessing_context="{how}")
        assert sum(len(labels) for labels in loader) == len(data)
    given = DataLoader(val.dataset, 16, num_workers=1, multiprocessing_context="{how}")
    assert sum(len(batch["label"]) for batch in given) == len(val.dataset)
    shared = torch.zeros(2).share_memory_()
    torch.multiprocessing.start_processes(add, (shared,), nprocs=2, start_method="{how}")
    assert shared.tolist() == [1, 2]
"""

PARTS = """
class Half:
    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data) // 2

    def __getitem__(self, index):
        return self.data[index]
"""


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["process", "landlock", "bwrap"])
@pytest.mark.parametrize("main", ["mine.py", "mine/unlearn.py", "mine/__init__.py"])
@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_its_own_classes_are_there(
    tiny_pool: Pool, tmp_path: Path, tier: str, main: str, how: str
) -> None:
    if missing(tier):
        pytest.skip(f"{tier}: {missing(tier)}")
    path = tmp_path / main
    path.parent.mkdir(exist_ok=True)
    path.write_text(LOADS.replace("{how}", how))
    (path.parent / "parts.py").write_text(PARTS)
    mine = find_submission(str(path.parent if path.parent != tmp_path else path))
    with host_of(tiny_pool, SANDBOXES[tier](), timeout_s=200.0) as host:
        host.set_code(mine.code, mine.shown_file)
        state, answer = host.run(1)
    assert state is not None, answer
