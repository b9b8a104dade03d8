"""All requests of a scenario, one after the other, and what they come to together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from scorer.engines.base import Engine, Progress
from scorer.options import Options
from scorer.oracles.disk import Need, bank_needs, run_needs
from scorer.oracles.pool import Pool
from scorer.runner.folders import open_runs
from scorer.runner.load import Submission
from scorer.runner.run import RunResults, run_submissions
from scorer.runner.tiers import resolve
from scorer.scenarios import Request


def run_requests(
    submissions: Sequence[Submission],
    pools: Sequence[Pool],
    requests: Sequence[Request],
    options: Options,
    engine: Engine,
    progress: Progress,
    place: Path,
    *,
    anew: bool = False,
) -> list[list[RunResults]]:
    """Run submissions N times a request; where a run of one failed, its later requests are not run.

    Args:
        submissions: in any number.
        pools: of the task that each request is scored on.
        requests: in their order.
        options: see `run_submissions`, like the rest.
        engine: where shards run.
        progress: called with ("unlearn", done, total), anew for each request.
        place: where runs are kept and looked for.
        anew: delete what an earlier call finished.

    Returns:
        What the runs of each request gave, by submission; up to the first request with a fault.
    """
    done: list[list[RunResults]] = [[] for _ in submissions]
    for pool, request in zip(pools, requests, strict=True):
        going = [k for k, own in enumerate(done) if not (own and own[-1].faults)]
        found = run_submissions(
            [submissions[k] for k in going],
            pool,
            options,
            engine,
            progress,
            place,
            request=request,
            # With the first request go the outcomes of all.
            anew=anew and request.after is None,
        )
        for k, results in zip(going, found, strict=True):
            done[k].append(results)
    return done


def outcome_needs(
    submissions: Sequence[Submission],
    pools: Sequence[Pool],
    requests: Sequence[Request],
    options: Options,
    place: Path,
    *,
    anew: bool = False,
) -> list[Need]:
    """Return what the runs of all requests that are not there yet will take on disk, with banks.

    Args:
        submissions: in any number.
        pools: of the task that each request is scored on.
        requests: in their order.
        options: N, design, scenario, sandbox and secrets are looked at.
        place: where runs are kept and looked for.
        anew: whether all of them are to be made.
    """
    options = replace(options, sandbox=resolve(options.sandbox, pools[0].device))
    needs = []
    for pool, request in zip(pools, requests, strict=True):
        n_missing = len(submissions) * options.n_models
        if not anew:
            folders = [open_runs(place, each, pool, options, request) for each in submissions]
            n_missing = sum(len(own.store("run").missing(options.n_models)) for own in folders)
        needs += run_needs(pool.task, n_missing, with_weights=not request.is_last, extra=pool.extra)
        banks = {f"runs of {each.name}": options.n_models for each in submissions}
        needs += bank_needs(pool.task, banks)
    return needs


def joined(results: Sequence[RunResults], n_requests: int) -> RunResults:
    """Return what the runs of all requests gave: the models of the last, the costs of a mean call.

    Args:
        results: of each request, in their order.
        n_requests: how many there were to be.
    """
    if n_requests == 1:
        return results[0]
    last = results[-1]
    return replace(
        last,
        bank=last.bank if len(results) == n_requests else None,
        elapsed_s=np.concatenate([each.elapsed_s for each in results]),
        cpu_s=np.concatenate([each.cpu_s for each in results]),
        reference_s=np.concatenate([each.reference_s for each in results]),
        reference_cpu_s=np.concatenate([each.reference_cpu_s for each in results]),
        peak_mib=max(each.peak_mib for each in results),
        multiply_adds=_mean([each.multiply_adds for each in results]),
        reference_multiply_adds=_mean([each.reference_multiply_adds for each in results]),
        faults=[
            replace(fault, message=f"request {len(results)} of {n_requests}: {fault.message}")
            for fault in last.faults
        ],
    )


def _mean(counts: Sequence[int | None]) -> int | None:
    """Return the mean count, rounded; None where one is missing."""
    known = [count for count in counts if count is not None]
    return round(sum(known) / len(known)) if len(known) == len(counts) else None
