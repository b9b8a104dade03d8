"""From stage to stage within a time limit: what is begun, what is left, what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scorer.bench.gpu_stages.plan import Stage
from scorer.bench.gpu_stages.state import DONE, FAILED, LEFT, Entry, Found, State

STOPPED = "stopped"
"""What becomes of a stage that its time limit ends."""


@dataclass(frozen=True)
class Outcome:
    """How the process of a stage ended.

    Attributes:
        status: `DONE`, `FAILED`, `STOPPED`, or `LEFT` where it needs what is not there.
        message: why it is not done.
        found: what it measured, also before it failed.
    """

    status: str
    message: str = ""
    found: Found = field(default_factory=Found)


Make = Callable[[Stage, Entry, float], Outcome]
"""Does a stage: called with it, with what came of it before, and with the seconds that it has."""


def run_stages(
    stages: Sequence[Stage],
    state: State,
    make: Make,
    limit_s: float,
    *,
    say: Callable[[str], None],
    on_kept: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Do what is not done yet, as far as the limit lets it; nothing that fails ends this.

    Stages that failed in an earlier call come after those that were never tried.

    Args:
        stages: in their order.
        state: where what came of each is kept, as soon as it is known.
        make: does one.
        limit_s: of this call.
        say: shows a line.
        on_kept: called whenever something was kept.
        clock: of the wall.
    """
    start, again = clock(), state.names(FAILED, (each.name for each in stages))
    todo = [each for each in stages if state[each.name].status != DONE]
    say(f"{len(todo)} of {len(stages)} stages to do in {limit_s:.0f} s; kept in {state.path}")
    for stage in sorted(todo, key=lambda each: each.name in again):
        before, left_s = state[stage.name], limit_s - (clock() - start)
        why = why_not(stage, state, left_s)
        if why:
            say(f"[{clock() - start:.0f} s] {stage.name}: left, {why}")
            if before.status != FAILED:  # why it failed tells more than why it was not tried again
                state.keep(stage.name, Entry(LEFT, why, before.seconds, before.found))
            continue
        say(f"[{clock() - start:.0f} s] {stage.name}: begins, {left_s:.0f} s are left")
        begun = clock()
        outcome = make(stage, before, min(left_s, stage.most_s))
        entry = entry_of(before, outcome, goes_on=stage.keeps or left_s < stage.most_s)
        entry.seconds = clock() - begun
        state.keep(stage.name, entry)
        on_kept()
        told = f", {entry.message}" if entry.message else ""
        say(f"[{clock() - start:.0f} s] {stage.name}: {entry.status}, {entry.seconds:.1f} s{told}")
        for line in lines(entry.found):
            say(f"  {line}")


def why_not(stage: Stage, state: State, left_s: float) -> str:
    """Return why a stage is not begun, "" where it is."""
    waits_for = [name for name in stage.after if state[name].status != DONE]
    if waits_for:
        return f"waits for {', '.join(waits_for)}"
    if left_s < stage.needed_s:
        return f"needs {stage.needed_s:.0f} s, {max(0.0, left_s):.0f} s of the limit were left"
    return ""


def entry_of(before: Entry, outcome: Outcome, *, goes_on: bool) -> Entry:
    """Return what is kept of how a stage ended; what only an earlier call measured stays.

    Args:
        before: what was kept.
        outcome: of this time.
        goes_on: another call may do better where time ended it. One that begins anew and took
            longer than it may would do so in every call.
    """
    status = outcome.status
    if status == STOPPED:
        status = LEFT if goes_on else FAILED
    return Entry(status, outcome.message, found=outcome.found.over(before.found))


def lines(found: Found) -> list[str]:
    """Return what was measured, a line each."""
    told = [f"{one['name']}: {one['median']:.4g} {one['unit']}" for one in found.figures]
    more = [f"{name}: {value}" for name, value in found.values.items() if isinstance(value, dict)]
    return [*told, *more, *found.notes]
