"""What a recipe yields under the present RECIPE_VERSION, as numbers that tests hold on to.

Models of two versions of the code must never be mixed, and only whoever changes the code can say
that it yields other models: by raising `RECIPE_VERSION`. What is exact everywhere (seeds, orders,
draws) is kept as hashes. Weights differ in their last bits between kinds of processors, so of them
projections are kept, with a tolerance. After raising the version, write them anew:

    python -m tests.training.golden
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scorer.tasks import TASKS
from scorer.training.augment import AUGMENTATIONS
from scorer.training.loop import (
    LoopTraining,
    ModelSeeds,
    TrainingSet,
    draw_epochs,
    learning_rate_factor,
)
from scorer.training.models import ARCHITECTURES, build_model
from scorer.training.recipe import RECIPE_VERSION
from scorer.training.step import training_settings
from tests.training._common import recipe, seeds_of

FILE = Path(__file__).with_name("golden.json")
COMMAND = "python -m tests.training.golden"

SHAPES = {"digits": (1, 8), "fashion_mnist": (1, 28), "plane": (2, 1)}
"""Channels and side of the images of a data set; others have 3 and 32."""

N_EXAMPLES, BATCH_SIZE = 24, 8
TOLERANCE = {"float32": 3e-3, "bfloat16": 0.15}
"""Relative, of what three steps of a training yield."""

Values = dict[str, Any]


def measure() -> dict[str, Values]:
    """Return all golden values of the code as it is."""
    return {
        "seeds": {"of a model": list(vars(seeds_of(7)[0]).values())},
        "schedules": {
            name: [
                learning_rate_factor(recipe(schedule=name, warmup=0.3), i, 10) for i in range(10)
            ]
            for name in ("one_cycle", "cosine")
        },
        "order": {"of batches": _sha256(chosen for chosen, _ in draw_epochs(50, ORDER, SEEDS))},
        "augmentations": {
            name: _augmentation_hashes(name) for name, it in AUGMENTATIONS.items() if it is not None
        },
        "architectures": {
            name: projections(build_model(name, 3, 10, seed=5).parameters())
            for name in ARCHITECTURES
        },
        "trainings": {name: train(name) for name in TASKS},
    }


SEEDS = seeds_of(3)[0]
ORDER = recipe(epochs=2)


def _sha256(tensors: Iterator[Tensor]) -> str:
    """Return the hash of the bytes of tensors of whole numbers."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _augmentation_hashes(name: str) -> dict[str, str]:
    """Return the hashes of what is drawn, and of images of whole numbers that it is applied to."""
    augmentation = AUGMENTATIONS[name]
    assert augmentation is not None
    drawn = augmentation.draw(40, torch.Generator().manual_seed(1))
    images = torch.arange(40 * 3 * 9 * 7, dtype=torch.int64).view(40, 3, 9, 7).float()
    applied = augmentation.apply(images, drawn).long()
    return {"drawn": _sha256(iter([drawn])), "applied": _sha256(iter([applied]))}


def projections(values: Iterable[Tensor]) -> dict[str, float]:
    """Return how many values tensors have, their norm, and how far a fixed direction goes in them.

    The last is scaled to be about 1 for a direction that has nothing to do with the values, so that
    an error of a share of their norm moves it by as much.
    """
    flat = torch.cat([value.detach().contiguous().flatten().double() for value in values])
    direction = torch.cos(torch.arange(len(flat), dtype=torch.float64))
    norm = float(flat.norm())
    return {"n": len(flat), "norm": norm, "along": float(flat @ direction) / norm}


def train(task: str) -> dict[str, Any]:
    """Return what three steps of a task's recipe change in a network, on images of noise.

    The steps are small, so that what is rounded differently in one does not grow in the next.
    """
    own = TASKS[task].recipe
    rate = own.learning_rate / 100
    short = replace(own, epochs=1, batch_size=BATCH_SIZE, learning_rate=rate)
    n_channels, side = SHAPES.get(TASKS[task].dataset, (3, 32))
    generator = torch.Generator().manual_seed(2)
    images = torch.rand(N_EXAMPLES, n_channels, side, side, generator=generator) * 2 - 1
    labels = torch.arange(N_EXAMPLES) ** 2 % 10
    data = TrainingSet(images.contiguous(memory_format=torch.channels_last), labels, 10)
    with training_settings(images.device):
        training = LoopTraining(data, short, ModelSeeds(11, 12, 13))
        net = training.net
        before = copy.deepcopy(net)
        for _ in training.steps():
            pass
    parameters = [a - b for a, b in zip(net.parameters(), before.parameters(), strict=True)]
    buffers = [a - b for a, b in zip(net.buffers(), before.buffers(), strict=True)]
    found = {"parameters": projections(parameters)}
    if buffers:  # an MLP has none
        found["buffers"] = projections(buffers)
    return {"dtype": own.dtype} | {
        f"{name} {kind}": value for name, it in found.items() for kind, value in it.items()
    }


def differences(kept: Mapping[str, Values], found: Mapping[str, Values]) -> list[str]:
    """Return where golden values that both have differ, by name."""
    return [
        f"{kind} {name}"
        for kind in kept.keys() & found.keys()
        for name in kept[kind].keys() & found[kind].keys()
        if not _same(kept[kind][name], found[kind][name])
    ]


def _same(kept: Any, found: Any) -> bool:
    """Tell whether two golden values agree: numbers within a tolerance, the rest exactly."""
    if isinstance(kept, Mapping):
        tolerance = TOLERANCE.get(kept.get("dtype", ""), 1e-5)
        return kept.keys() == found.keys() and all(
            # Along a direction the norm is 1, so there the tolerance is absolute.
            _close(kept[name], found[name], tolerance, absolute=name.endswith("along"))
            for name in kept
        )
    if isinstance(kept, list):
        return len(kept) == len(found) and all(map(_close, kept, found))
    return bool(kept == found)


def _close(kept: Any, found: Any, tolerance: float = 1e-9, *, absolute: bool = False) -> bool:
    """Tell whether two numbers agree; whole ones and words do exactly."""
    if isinstance(kept, float):
        return math.isclose(kept, found, rel_tol=tolerance, abs_tol=tolerance if absolute else 0.0)
    return bool(kept == found)


def main() -> None:
    """Write the golden values, unless those of the same version would change."""
    found = measure()
    kept = json.loads(FILE.read_text()) if FILE.exists() else {"version": None, "values": {}}
    changed = differences(kept["values"], found)
    if kept["version"] == RECIPE_VERSION and changed:
        raise SystemExit(
            f"{', '.join(changed)} changed: raise RECIPE_VERSION in scorer/training/recipe.py, or"
            " put the code back"
        )
    FILE.write_text(json.dumps({"version": RECIPE_VERSION, "values": found}, indent=1) + "\n")
    print(f"wrote {FILE.name} of recipe version {RECIPE_VERSION}", file=sys.stderr)


if __name__ == "__main__":
    main()
