"""What is measured of a GPU, in which order, and how long each stage may take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LIMIT_S = 540.0
"""Of one call, unless told otherwise."""

ROUNDS = 3
"""Turns of each way to train, unless told otherwise: a GPU that nobody shares varies little."""

REFERENCE = "retrain"
"""The kit's own retrained models: what perfect unlearning gets, at the cost of N more models."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What all stages together measure; tests have smaller ones, and a CPU.

    Attributes:
        device: as `--device` takes it, "cuda" or "cpu".
        engine: of pools and runs, a name in `scorer.engines.ENGINES`.
        tests: arguments of pytest besides those that all calls have.
        peak_size: rows of the matrices that are multiplied and copied.
        tasks: whose ways to train are timed, and whose path is chosen.
        group_sizes: models trained at once, smallest first.
        n_examples: that the ways are timed on; None for as many as a task retains.
        rounds: turns of each way.
        turn_s: about how long a turn takes.
        compile_options: arguments of `nn.Module.compile`.
        first_task: on which a first method is scored, to see whether runs work there at all.
        first_method: that method.
        first_n_models: N of it.
        task: whose pool is trained, and on which methods are scored.
        n_models: N of them.
        methods: that are scored, each a stage.
    """

    device: str = "cuda"
    engine: str = "local"
    tests: tuple[str, ...] = ("-m", "gpu")
    peak_size: int = 8192
    tasks: tuple[str, ...] = ("digits", "fashion_mnist", "cifar10", "cifar10-resnet18")
    group_sizes: tuple[int, ...] = (4, 16, 64)
    n_examples: int | None = None
    rounds: int = ROUNDS
    turn_s: float = 0.2
    compile_options: Mapping[str, Any] = field(default_factory=dict)
    first_task: str = "digits"
    first_method: str = "finetune"
    first_n_models: int = 8
    task: str = "cifar10"
    n_models: int = 32
    methods: tuple[str, ...] = (
        "unlearn",
        "finetune",
        "fanchuan",
        "exact_unlearning_k",
        "adversarial",
        "nearest_neighbour",
        "sebastian",
        "random_labels",
        REFERENCE,
    )

    def stages(self) -> list[Stage]:
        """Return all stages, the smallest first."""
        pool = f"pool {self.task}"
        found = [Stage("tests", 120, most_s=240), Stage("peaks", 20, most_s=90)]
        found += [
            Stage(f"train {task}", 45, most_s=75, after=("peaks",), subject=task)
            for task in self.tasks
        ]
        found += [
            Stage("probe", 45, most_s=90),
            Stage(f"first {self.first_task}", 45, most_s=120, keeps=True),
            Stage(pool, 60, keeps=True, subject=self.task),
        ]
        scores = (
            Stage(f"score {method}", 45, keeps=True, after=(pool,), subject=method)
            for method in self.methods
        )
        return [*found, *scores]


@dataclass(frozen=True)
class Stage:
    """One thing that is measured in a process of its own.

    Attributes:
        name: the kind of work, and what it is done for where there are several of a kind.
        needed_s: what it takes; where it `keeps` what it made, what it takes to make anything.
            With less than that left of a call it is not begun.
        most_s: after so long it is ended, whatever is left.
        keeps: what it made is kept where it is ended, and the next call goes on from there.
        after: names of stages that have to be done before.
        subject: the task or method that it is about, empty where the plan names it.
    """

    name: str
    needed_s: float
    most_s: float = math.inf
    keeps: bool = False
    after: tuple[str, ...] = ()
    subject: str = ""

    @property
    def kind(self) -> str:
        """Return the kind of work."""
        return self.name.partition(" ")[0]
