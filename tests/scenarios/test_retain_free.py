"""Requests without a retain set: which files can do without, and what becomes of the others."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from scorer.runner.adapt.code import Entry
from scorer.runner.child.contract import NeedsRetain, gone_loader, make_loader
from scorer.runner.child.submission import call
from scorer.runner.faults import FAULTS
from scorer.runner.messages import SAID
from scorer.scenarios import make_scenario
from scorer.tasks.task import Task
from scorer.training.models import build_model

SOME = torch.rand(20, 1, 8, 8), torch.arange(20) % 10
NONE = SOME[0][:0], SOME[1][:0]


def outcome(tmp_path: Path, body: str, *, gives_retain: bool = False) -> dict[str, Any]:
    """Return the message of a run of a submission whose function has this body."""
    path = tmp_path / "mine.py"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    head = "import torch\nfrom torch.utils.data import ConcatDataset, DataLoader, Subset\n"
    path.write_text(f"{head}def unlearning(net, retain, forget, val):\n{lines}")
    sets = {"retain": SOME if gives_retain else NONE, "forget": SOME, "val": SOME}
    order = {
        "seed": 1,
        "shown_path": "submission/mine.py",
        "main": path.name,
        "entry": Entry().as_facts(),
    }
    return call(tmp_path, order, build_model("small_cnn", 1, 10, 0), sets, tmp_path, nullcontext())


READS = {
    "iterates": "for images, labels in retain: pass",
    "takes a batch": "next(iter(retain))",
    "indexes": "retain.dataset[0]",
    "indexes from the end": "retain.dataset[-1]",
    "takes a part": "for batch in DataLoader(Subset(retain.dataset, [0, 1])): pass",
    "reads the tensors": "retain.dataset.images.mean()",
    "reads the labels": "retain.dataset.labels.bincount()",
    "divides by its length": "1 / len(retain.dataset)",
    "builds a loader that shuffles": "for batch in DataLoader(retain.dataset, shuffle=True): pass",
    "draws from it": "retain.dataset[torch.randint(len(retain.dataset), ()).item()]",
    "joins what it read": "torch.cat([images for images, _ in DataLoader(retain.dataset)])",
    "hides that it iterated": "try:\n    list(retain)\nexcept Exception:\n    pass",
}

DOES_WITHOUT = {
    "looks at nothing": "for images, labels in forget: net(images)",
    "counts": "n = len(retain), len(retain.dataset)\nassert n == (0, 0)",
    "asks first": "if len(retain.dataset): next(iter(retain))",
    "joins with others": "for images, _ in DataLoader(ConcatDataset([retain.dataset,"
    " forget.dataset])): net(images)",
    "reads the rest": "next(iter(val)), forget.dataset[0]",
}


@pytest.mark.parametrize("body", READS.values(), ids=READS)
def test_who_reads_retain_data_is_told_so(tmp_path: Path, body: str) -> None:
    found = outcome(tmp_path, body)
    assert found["fault"] == "needs_retain", found
    assert outcome(tmp_path, body, gives_retain=True)["fault"] is None


@pytest.mark.parametrize("body", DOES_WITHOUT.values(), ids=DOES_WITHOUT)
def test_who_does_without_goes_on(tmp_path: Path, body: str) -> None:
    assert outcome(tmp_path, body)["fault"] is None


def test_other_faults_keep_their_names(tmp_path: Path) -> None:
    assert outcome(tmp_path, "raise KeyError('mine')")["fault"] == "raised"
    assert outcome(tmp_path, "len(retain)\nreturn 7")["fault"] == "bad_return"
    assert outcome(tmp_path, "len(retain)\nraise MemoryError")["fault"] == "out_of_memory"


def test_the_line_that_asked_is_shown(tmp_path: Path) -> None:
    found = outcome(tmp_path, "pass\nfor images, labels in retain: pass")
    assert "line 5, in unlearning" in found["trace"]
    assert "the retain set is empty in this scenario" in found["message"]
    assert "needs_retain" in FAULTS and "needs_retain" in SAID


def test_the_loader_is_one_of_torch_and_only_a_set_without_examples_gets_it() -> None:
    loader = gone_loader()
    assert isinstance(loader, DataLoader)
    assert (len(loader), len(loader.dataset), loader.batch_size) == (0, 0, 64)  # type: ignore[arg-type]
    assert type(make_loader(*NONE)) is type(loader)
    assert type(make_loader(*SOME)) is DataLoader
    assert list(DataLoader(loader.dataset)) == list(DataLoader(TensorDataset(*NONE))) == []
    with pytest.raises(NeedsRetain):
        loader.dataset[0]


def test_oracles_and_score_are_those_of_the_standard_scenario(tiny_task: Task) -> None:
    (request,) = make_scenario("retain-free").requests(tiny_task)
    (standard,) = make_scenario("standard").requests(tiny_task)
    assert request.task is standard.task is tiny_task
    assert (request.gives_retain, standard.gives_retain) == (False, True)
    assert (request.asked == standard.asked).all()
    assert request.part == standard.part == ""
