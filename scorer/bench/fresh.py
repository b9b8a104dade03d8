"""One run of a submission in an interpreter of its own: `python -m scorer.bench.fresh SPEC`.

What a script a run amounts to: import torch, read the data and the original model, call
`unlearning`, evaluate, write. SPEC is a JSON object with `snapshot`, `weights`, `submission`,
`seed` and `out`.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from scorer.errors import ScorerError
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.runner.contract import make_loader, seed_everything
from scorer.tasks.snapshot import read_snapshot
from scorer.training.models import build_model


def run_once(spec: dict[str, Any]) -> None:
    """Make one run on the CPU and write its outputs."""
    task = read_snapshot(Path(spec["snapshot"]))
    architecture = task.definition.recipe.architecture
    net = build_model(architecture, task.n_channels, task.n_classes, seed=0)
    net.load_state_dict(load_file(spec["weights"]))
    module_spec = importlib.util.spec_from_file_location("submission", spec["submission"])
    if module_spec is None or module_spec.loader is None:
        raise ScorerError(f"{spec['submission']} must be a Python file")
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    seed_everything(spec["seed"])
    names = ("retain", "forget", "val")
    loaders = [make_loader(task.images(name), task.labels(name)) for name in names]
    returned = module.unlearning(net.eval(), *loaders)
    net = net if returned is None else returned
    outputs = evaluate(net.eval(), EvaluationData.of(task, torch.device("cpu")))
    np.savez(spec["out"], **outputs)  # type: ignore[arg-type]


if __name__ == "__main__":
    run_once(json.loads(sys.argv[1]))
