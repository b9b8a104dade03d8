"""Unlearning as overfitting seen from behind: is there more to forget in a larger network?

Residual networks of growing depth and width are trained on train and on retain alone. How well the
loss tells what a network was trained on is its gap; how hard forgetting is, the score of methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from scorer.oracles.outputs import Bank
from scorer.results.readme import SNAPSHOTS, read_snapshot
from scorer.runner.load import BASELINES, methods_in
from scorer.studies import _capacity_figures as figures
from scorer.studies._capacity_answers import answer
from scorer.studies._capacity_models import recipe_of
from scorer.studies._models import loss_of, task_values
from scorer.studies.base import Settings, Study
from scorer.studies.findings import Findings, Number
from scorer.studies.intervals import auc, mean_of
from scorer.studies.parts import Part, make_parts
from scorer.studies.scores import Score, score_banks
from scorer.studies.unlearning import baseline_sha256
from scorer.training.models import build_model

MODELS = "scorer.studies._capacity_models"

FINE_TUNING = "finetune"

LARGEST = 8192
"""Depth times squared width up to which networks are trained: larger ones take most of the time."""


@dataclass(frozen=True)
class Sizes:
    """How large the study is.

    Attributes:
        depths: blocks of two convolutions.
        widths: channels.
        epochs: of a training.
        n_originals: networks trained on train; methods start from each of them in turn.
        n_models: oracles, controls and runs of a method; a multiple of the originals.
        n_train: retain and forget examples together: few, so that there is much to memorise.
        most: examples of other sets.
    """

    depths: tuple[int, ...] = (1, 2, 4, 8)
    widths: tuple[int, ...] = (8, 16, 32, 64)
    epochs: int = 12
    n_originals: int = 8
    n_models: int = 16
    n_train: int = 780
    most: tuple[tuple[str, int], ...] = (("val", 200), ("test", 1000))

    @property
    def networks(self) -> dict[tuple[int, int], str]:
        """Return the architecture of each depth and width."""
        return {
            (depth, width): f"resnet_{depth}x{width}"
            for depth in self.depths
            for width in self.widths
            if depth * width**2 <= LARGEST
        }


QUICK = Sizes(
    depths=(1, 2),
    widths=(8, 16),
    epochs=2,
    n_originals=2,
    n_models=4,
    n_train=130,
    most=(("val", 32), ("test", 64)),
)


@dataclass(frozen=True, eq=False)
class Capacity:
    """What was found of the networks of one capacity.

    Attributes:
        n_parameters: of one of them.
        losses: `(n_originals, n_examples)` of the originals, by set: train, forget, test.
        gap: AUC of the attack that takes examples of small loss for training examples.
        forget_gap: the same, forget set against test set.
        retrained_gap: the same of oracles: what is not memorised but hard.
        scores: of the methods, and of the originals as "original".
    """

    n_parameters: int
    losses: dict[str, np.ndarray]
    gap: Number
    forget_gap: Number
    retrained_gap: Number
    scores: dict[str, Score]


def run(settings: Settings) -> Findings:
    """Compute, draw and answer."""
    sizes = QUICK if settings.quick else Sizes()
    best, board = best_method(settings.options.task)
    methods = {name: baseline_sha256(name) for name in (FINE_TUNING, best)}
    arrays = train_all(sizes, methods, settings)
    capacities = {
        size: describe(size, architecture, arrays, list(methods), sizes)
        for size, architecture in sizes.networks.items()
    }
    found = STUDY.findings(settings, settings.options.torch_device)
    answer(found, capacities, FINE_TUNING, best)
    found.add_figure(
        "gap", partial(figures.gaps, capacities, FINE_TUNING, best),
        "The gap against capacity, and the score of methods against the gap; bars are 95 %"
        " intervals, and 1 is what retraining gets.",
    )  # fmt: skip
    found.add_figure(
        "losses", partial(figures.losses, capacities, sizes.depths, sizes.widths),
        "Losses of the originals on train, forget and test set, by depth (rows) and width.",
    )  # fmt: skip
    kept = ", ".join(f"{n} of {name}" for name, n in sizes.most)
    found.notes += [
        f"Sets are samples of the task's: {sizes.n_train} training examples, of the forget set the"
        f" same share as of retain, and at most {kept}; {sizes.epochs} epochs.",
        f"Networks of depth times squared width above {LARGEST} are left out.",
        f"`{best}` is the best baseline on the kept leaderboard of {board}. Methods are called"
        " directly, not through the runner, with their constants for the task's own network; runs"
        f" are shared among {sizes.n_originals} originals.",
    ]
    return found


def best_method(task: str) -> tuple[str, str]:
    """Return the best baseline of a kept leaderboard, besides fine-tuning, and of which task.

    That is the task's own; where none is kept of it, that of the default task. The entry on it is
    no baseline: whoever works on it here has another.
    """
    boards = (SNAPSHOTS / f"{name}.json" for name in (task, STUDY.tasks[0]))
    board = next(path for path in boards if path.exists())
    group, _ = read_snapshot(board)
    names = (row.method for row in group.rows if row.kind == "method")
    others = methods_in(BASELINES).keys() - {FINE_TUNING}
    return next(name for name in names if name in others), board.stem


def train_all(
    sizes: Sizes, methods: Mapping[str, str], settings: Settings
) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    """Return the outputs of all models, by architecture and role; largest networks first."""
    told = task_values(settings, sizes.n_train, dict(sizes.most))
    parts: dict[tuple[str, str], Part] = {}
    largest_first = sorted(sizes.networks.items(), key=lambda one: -one[0][0] * one[0][1] ** 2)
    for _, architecture in largest_first:
        recipe = recipe_of(architecture, sizes.epochs)
        values = {**told, "recipe": recipe, "n_models": sizes.n_models}
        more = {"n_originals": sizes.n_originals, "methods": dict(methods)}
        parts[architecture, "unlearned"] = Part(f"{MODELS}:unlearned", {**values, **more})
        for role in ("oracle", "control"):
            parts[architecture, role] = Part(f"{MODELS}:retrained", {**values, "role": role})
    # One end of the list for each of two workers, both with a large network at their beginning.
    order = [*list(parts)[::2], *list(parts)[1::2]]
    made = make_parts([parts[key] for key in order], settings, settings.options.torch_device)
    return dict(zip(order, made, strict=True))


def describe(
    size: tuple[int, int],
    architecture: str,
    arrays: Mapping[tuple[str, str], Mapping[str, np.ndarray]],
    methods: list[str],
    sizes: Sizes,
) -> Capacity:
    """Return what was found of one capacity."""
    mixed = arrays[architecture, "unlearned"]
    banks = {
        name: Bank({path.partition("/")[2]: array for path, array in mixed.items()
                    if path.startswith(f"{name}/")})
        for name in ("original", *methods)
    }  # fmt: skip
    oracle, control = (Bank(dict(arrays[architecture, role])) for role in ("oracle", "control"))
    losses = {name: loss_of(banks["original"].confidence(name)) for name in
              ("retain", "forget", "test")}  # fmt: skip
    losses["train"] = np.concatenate([losses.pop("retain"), losses["forget"]], axis=1)
    oracle_losses = [loss_of(oracle.confidence(name)) for name in ("test", "forget")]
    origins = np.repeat(np.arange(sizes.n_originals), sizes.n_models // sizes.n_originals).tolist()
    floor = banks["original"].take(origins)
    unlearned = {name: banks[name] for name in methods} | {"original": floor}
    return Capacity(
        n_parameters=count_parameters(architecture, oracle),
        losses=losses,
        gap=mean_of(auc(losses["test"], losses["train"]), "originals"),
        forget_gap=mean_of(auc(losses["test"], losses["forget"]), "originals"),
        retrained_gap=mean_of(auc(*oracle_losses), "oracles"),
        scores={
            name: score_banks(
                {"unlearned": bank, "oracle": oracle, "control": control},
                originals=origins,
            )
            for name, bank in unlearned.items()
        },
    )


def count_parameters(architecture: str, bank: Bank) -> int:
    """Return how many parameters a network has; its classes are those of the kept logits."""
    n_classes = bank.arrays["logits_forget"].shape[-1]
    with torch.device("meta"):
        net: Any = build_model(architecture, 1, n_classes, seed=0)
    return sum(parameter.numel() for parameter in net.parameters())


STUDY = Study(
    "capacity",
    "is there more to forget in a network that overfits more",
    run,
    tasks=("digits", "fashion_mnist"),
)
