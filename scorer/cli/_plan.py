"""A plan as tables."""

from __future__ import annotations

from rich.table import Table

from scorer.plan.make import Plan
from scorer.results.tables import number

LONGEST = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))


def plan_tables(plan: Plan) -> list[Table]:
    """Return what a score tells, and what it takes."""
    options, n = plan.options, plan.options.n_models
    title = f"{options.task}: N={n}, rule {options.rule}, design {options.design}"
    tells = Table("two methods like", "F", "differ by at least", title=f"what {title} tells")
    for one in plan.differences:
        least = f"{number(one.difference)} ({number(one.relative_difference, 2)} of the ceiling)"
        tells.add_row(one.like, number(one.forgetting_quality), least)
    tells.caption = (
        "Simulated, and found at p <= 0.05 in 4 of 5 repeats; given the originals. On"
        f" one of {plan.n_forget} examples a true epsilon shows from"
        f" {number(plan.detectable_epsilon, 2)}, and at most"
        f" {number(plan.certifiable_epsilon, 2)} can be certified."
    )
    cost = plan.cost
    takes = Table("here", "takes about", title="what it takes")
    for role, n_missing in cost.missing.items():
        takes.add_row(f"{role} models to train", str(n_missing))
    if cost.n_difficulty:
        takes.add_row("models that tell which examples are hard", f"up to {cost.n_difficulty}")
    takes.add_row(f"training, {cost.n_workers} at work, {plan.path}", duration(cost.pool_s))
    takes.add_row("one retraining by itself", duration(cost.retraining_s))
    takes.add_row(f"{n} runs of a method, whole budget used", duration(cost.runs_s))
    takes.add_row("all numbers of the score", duration(cost.measures_s))
    takes.add_row("disk", f"{size(cost.disk_mib)} of {size(cost.free_mib)} free")
    free = f"of {size(cost.available_mib)} free"
    for what, n_workers, each in (
        ("training", cost.n_workers, cost.worker_mib),
        ("runs", cost.n_running, cost.run_mib),
    ):
        takes.add_row(f"memory in {what}, {n_workers} at work", f"{size(each)} each, {free}")
    for table in (tells, takes):
        table.title_justify = table.caption_justify = "left"
    return [tells, takes]


def duration(seconds: float) -> str:
    """Return a time in the largest unit that it has one of, such as "3.2 h"."""
    length, unit = next((each for each in LONGEST if seconds >= each[0]), LONGEST[-1])
    value = seconds / length
    return f"{value:.{0 if value >= 10 else 1}f} {unit}"


def size(mib: float) -> str:
    """Return a size in MiB, or GiB where it has more than one."""
    return f"{mib:.1f} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"
