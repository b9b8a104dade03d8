"""What a user may choose: names, defaults and limits of every option, checked in one place.

An option is one field of `Options`. Its metadata hold its help text and limits: `known`, where the
names to choose from are ("package.module:NAME"); `unlisted`, where help does not list them because
importing them takes seconds; `parsed`, what raises where a text has none of the forms that it may
have ("package.module:function"); `least` and `most`, the numbers allowed; `above`, a number that a
finite one has to exceed; `short`, another name of the flag. The command line makes its flags,
defaults and help texts from these fields, and whatever runs a method is handed the whole of them.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Iterable
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from scorer.devices import FORMS, chosen_gpus
from scorer.errors import UsageError, unknown_name
from scorer.scenarios import make_scenario
from scorer.secret import PUBLIC, parse_secret
from scorer.settings import default_cache_dir, default_data_dir, default_results_dir

MOST_MODELS = 99_999
"""Models have five digits in the names of their folders."""

OWN_FORGET_SET = "default"
"""Names the forget set that a task has of its own."""


def _option(default: Any, about: str, **limits: Any) -> Any:
    """Return a field with its help text and limits."""
    return field(default=default, metadata={"about": about, **limits})


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a method is scored, or a pool grown; whoever holds one may rely on its values.

    Attributes:
        task: a name in `scorer.tasks.TASKS`, or the path of a folder of images.
        forget: the task's own forget set, or one of a form that `scorer.tasks.forget` knows.
        split_seed: which split and forget set of the task's data; 0 is the public one.
        n_models: N, from 2 to `MOST_MODELS`.
        rule: a name in `scorer.metric.rules.RULES`.
        design: a name in `scorer.runner.designs.DESIGNS`.
        scenario: as `scorer.scenarios.make_scenario` takes it, such as "streaming:4".
        budget: share of a retraining that the mean run may take, in time and in multiply-adds.
        features: what is looked at beside the score, a list of names in
            `scorer.features.views.NEEDED`; None for nothing.
        timeout_s: of one run; None takes the task's.
        sandbox: one of `scorer.runner.tiers.CHOICES`; `resolve` there says which tier it comes to.
        secret: of the pool, 64 hexadecimal digits; None takes the pool that is there, or a new one.
        runs_secret: of the runs of every submission, likewise; None takes one that follows from
            `secret` where that is given, else that of the runs that are there, or a new one.
        device: a form that `scorer.devices` knows; `gpus` and `torch_device` say what it comes to.
        workers: worker processes; None lets the engine decide.
        engine: a name in `scorer.engines.ENGINES`.
        results_dir: where records go.
        data_dir: where data sets lie.
        cache_dir: where everything lies that can be made again.

    Raises:
        UsageError: a name is unknown, with near matches and the list; a number is out of its
            limits; the secret is none; a GPU is asked for where there is none; the scenario takes
            another number.
    """

    task: str = _option(
        "digits",
        "data, split and network: see `ls tasks`; or a folder of images",
        known="scorer.tasks:TASKS",
        unlisted=True,
    )
    forget: str = _option(
        OWN_FORGET_SET,
        "what is to be forgotten, such as class:3 or random:100: see `ls forget_sets`",
        parsed="scorer.tasks.forget.spec:parse_forget",
    )
    split_seed: int = _option(0, "another split and forget set of the data", least=0)
    n_models: int = _option(64, "models per side, N", least=2, most=MOST_MODELS)
    rule: str = _option(
        "competition", "how epsilon becomes points", known="scorer.metric.rules:RULES"
    )
    design: str = _option(
        "reuse-1",
        "originals that the runs share, any number",
        known="scorer.runner.designs:DESIGNS",
    )
    scenario: str = _option(
        "standard",
        "how requests to forget come, streaming:K for K of them",
        known="scorer.scenarios:SCENARIOS",
    )
    budget: float = _option(
        0.2, "share of a retraining that a run may take, in time and arithmetic", above=0
    )
    features: str | None = _option(
        None,
        "tell unlearned models from oracles by more, a list of: loss, probabilities, features,"
        " gradient, relearning, barrier",
        parsed="scorer.features.views:parse_asked",
    )
    timeout_s: float | None = _option(None, "hard limit of one run; default: the task's", above=0)
    sandbox: str = _option(
        "auto",
        "tier of isolation, auto for the best that works",
        known="scorer.runner.tiers:CHOICES",
    )
    secret: str | None = _option(
        None, f"secret of the pool, from a record, or {PUBLIC}; default: the pool there, or new"
    )
    runs_secret: str | None = _option(
        None, "secret of the runs, from a record; default: by --secret, else the runs there, or new"
    )
    device: str = _option(
        "auto",
        f"where models are trained: {', '.join(FORMS)}",
        parsed="scorer.devices:chosen_gpus",
        short="-d",
    )
    workers: int | None = _option(None, "processes; default: one a core", least=1)
    engine: str = _option("local", "where shards run", known="scorer.engines:ENGINES")
    results_dir: Path = field(
        default_factory=default_results_dir,
        metadata={"about": "default: RESULTS_DIR, or results/ in the project"},
    )
    data_dir: Path = field(
        default_factory=default_data_dir,
        metadata={"about": "default: DATA_DIR, or data/ in the project"},
    )
    cache_dir: Path = field(
        default_factory=default_cache_dir,
        metadata={"about": "default: CACHE_DIR, or .cache/ in the project"},
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each, getattr(self, each.name))
        scenario = make_scenario(self.scenario)
        object.__setattr__(self, "scenario", scenario.title)
        if self.features is not None and scenario.is_stream:
            raise UsageError(
                "--features are looked at after one request, got --scenario"
                f" {self.scenario} too; leave one of them out"
            )
        for name in ("secret", "runs_secret"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, parse_secret(getattr(self, name), flag(name)))

    @property
    def gpus(self) -> tuple[int, ...]:
        """Return the numbers of the GPUs that work is shared among; none for the CPU."""
        return chosen_gpus(self.device)

    @property
    def torch_device(self) -> str:
        """Return "cuda" or "cpu"; of several GPUs, a process computes on its current one."""
        return "cuda" if self.gpus else "cpu"


def flag(name: str) -> str:
    """Return how a field is called on the command line."""
    return f"--{name.replace('_', '-')}"


def names_known(where: str) -> Iterable[str]:
    """Return the names at "package.module:NAME", importing it now."""
    module, _, attribute = where.partition(":")
    known: Iterable[str] = getattr(importlib.import_module(module), attribute)
    return known


def _check(each: Field[Any], value: Any) -> None:
    """Raise where the value of a field is not one of its names or out of its limits."""
    limits = each.metadata
    if "known" in limits and value not in (known := names_known(limits["known"])):
        raise unknown_name(each.name, value, known)
    if value is None:
        return
    if "parsed" in limits and value != each.default:
        pkgutil.resolve_name(limits["parsed"])(value)
    if "least" in limits and not value >= limits["least"]:
        raise UsageError(f"{flag(each.name)} must be at least {limits['least']}, got {value}")
    if "most" in limits and value > limits["most"]:
        raise UsageError(f"{flag(each.name)} must be at most {limits['most']}, got {value}")
    if "above" in limits and not limits["above"] < value < math.inf:
        raise UsageError(
            f"{flag(each.name)} must be above {limits['above']} and finite, got {value}"
        )
