"""The requests of a score, each with the models that it is held against, trained where needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scorer.engines.base import Engine, Progress
from scorer.measures import roles_needed
from scorer.options import Options
from scorer.oracles.originals import evaluate_originals
from scorer.oracles.outputs import Bank
from scorer.oracles.pool import Pool
from scorer.runner.designs import DESIGNS
from scorer.runner.load import Submission
from scorer.scenarios import Request

Method = Submission | str
"""A file that is run, or the name of a row that the kit makes itself: a role of the pool."""


def models_wanted(
    methods: Sequence[Method], options: Options, measures: Collection[str] | None
) -> dict[str, int]:
    """Return how many models of each role the runs start from and the measures look at."""
    n = options.n_models
    wanted = {"original": len(set(DESIGNS[options.design].originals(n)))}
    wanted |= {role: n for role in ("oracle", "control") if role in roles_needed(measures)}
    return wanted | {role: n for role in methods if isinstance(role, str) and role != "original"}


def lacks_models(pool: Pool, wanted: Mapping[str, int], besides: Collection[str]) -> bool:
    """Tell whether models of any wanted role but some are still to be trained."""
    return any(pool.store(role).missing(n) for role, n in wanted.items() if role not in besides)


@dataclass(frozen=True)
class Step:
    """One request, the pool of the task that it is scored on, and models of it.

    Attributes:
        request: see `scorer.scenarios`.
        pool: of its task.
        banks: by role; "floor" are the original models that the first request starts from.
    """

    request: Request
    pool: Pool
    banks: Mapping[str, Bank]


def open_steps(
    requests: Sequence[Request],
    pools: Sequence[Pool],
    wanted: Mapping[str, int],
    engine: Engine,
    options: Options,
    progress: Progress,
) -> list[Step]:
    """Return the requests with the models that runs start from and measures look at, trained now.

    Args:
        requests: of the scenario.
        pools: of their tasks; the original models of the last one are those of all.
        wanted: how many models of each role.
        engine: where models are trained.
        options: N and design are looked at.
        progress: called with ("train", done, total), anew for each request.
    """
    originals = DESIGNS[options.design].originals(options.n_models)
    banks = pools[-1].banks(wanted, engine, progress)
    banks["floor"] = banks.pop("original").take(originals)
    others = {role: n for role, n in wanted.items() if role != "original"}
    steps = []
    for request, own in zip(requests[:-1], pools[:-1], strict=True):
        floor = evaluate_originals(own, wanted["original"]).take(originals)
        steps.append(Step(request, own, {**own.banks(others, engine, progress), "floor": floor}))
    return [*steps, Step(requests[-1], pools[-1], banks)]


def only_step(
    methods: Sequence[Method], pool: Pool, engine: Engine, options: Options, progress: Progress
) -> Step:
    """Return all that a task asks for as one request, with the models that scores of it need."""
    wanted = models_wanted(methods, options, None)
    (step,) = open_steps([Request.only(pool.task)], [pool], wanted, engine, options, progress)
    return step
