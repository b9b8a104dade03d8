"""One report of all stages; what was not measured has a row that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

from scorer.bench.base import Report
from scorer.bench.gpu_stages.plan import Plan, Stage
from scorer.bench.gpu_stages.state import LEFT, State
from scorer.results.speed import number

NOT_MEASURED = "not measured"
EMPTY = "-"

COMMAND = "python -m scorer bench gpu --all"

MOST_CHARACTERS = 120
"""Of why a stage is not done; all of it is kept with the stages."""

WAYS = ("loop", "graph", "compile")
"""Ways to train that every task has a row of, besides stacked groups."""

ABOUT_WAYS = (
    "Models/s are 1 / (seconds of a step x steps of a model), the median of the turns that each way"
    " takes with the graph; the ratio to the graph is taken turn by turn. Stacked groups train"
    " several models at once. The floor is the larger of operations over the matrix product and"
    " bytes over the copy."
)

ABOUT_PATHS = "What the kit chooses for pools, by ms a model and step of a few steps of each."

ABOUT_SPEED = "After its first models, so that the start of the workers is left out."

ABOUT_POOL = (
    "All models that a score needs: originals, oracles, and control models to hold oracles against;"
    " ± is the standard deviation over n models."
)

ABOUT_SCORES = (
    "± is the standard error over models and examples, given one original model; `retrain` is"
    " retrained models scored like a method."
)

ABOUT_STAGES = (
    "Each in a process of its own; what is left or failed is tried again by the same command."
    " Seconds are of the call in which it last ran."
)


def report_of(plan: Plan, stages: Sequence[Stage], state: State, device: str) -> Report:
    """Return everything that was measured, also by stages that did not come to their end."""
    report = Report("gpu", COMMAND, device)
    for stage in stages:
        found = state[stage.name].found
        report.values |= found.values
        report.notes += found.notes
        if stage.kind in ("tests", "peaks"):
            report.figures += found.figures
    ways = [row for task in plan.tasks for row in way_rows(task, state)]
    heads = ["task", "way", "models/s", "min to max", "over the graph", "% of the floor's speed"]
    report.add_table("ways to train", ABOUT_WAYS, heads, ways)
    paths = [path_row(task, report.values) for task in plan.tasks]
    report.add_table("paths", ABOUT_PATHS, ["task", "path", "k", "measured"], paths)
    heads = ["task", "models/min", "models timed", "path"]
    report.add_table("speed of the pool", ABOUT_SPEED, heads, [speed_row(plan, report.values)])
    pool = pool_rows(plan, report.values)
    heads = ["models", "n", "test accuracy, %", "retain accuracy, %", "forget accuracy, %"]
    report.add_table(f"pool of {plan.task}, N={plan.n_models}", ABOUT_POOL, heads, pool)
    scored = [(plan.first_task, plan.first_method, plan.first_n_models)]
    scored += [(plan.task, method, plan.n_models) for method in plan.methods]
    heads = ["task", "method", "N", "F", "ceiling", "relative score", "time / retrain",
             "compute / retrain", "test accuracy", "faults"]  # fmt: skip
    scores = together([score_row(*each, report.values) for each in scored], 1, [3])
    report.add_table("scores", ABOUT_SCORES, heads, scores)
    heads = ["stage", "outcome", "seconds", "why"]
    rows = together([stage_row(each, state) for each in stages], 0, [1, 2])
    report.add_table("stages", ABOUT_STAGES, heads, rows)
    about = f"kit {state.key['kit']}, commit {state.key['commit']}; {plan.rounds} turns of each way"
    report.notes.append(about)
    return report


def together(
    rows: Sequence[list[str | int | float]], name: int, of: Sequence[int]
) -> list[list[str | int | float]]:
    """Return a table in which rows of what was not tried are one, with all their names.

    Args:
        rows: of the table.
        name: column of the name.
        of: columns by which it shows that a row says nothing: not measured, or left in no time.
    """
    found: list[list[str | int | float]] = []
    for row in rows:
        nothing = [row[column] for column in of] in ([NOT_MEASURED], [LEFT, EMPTY])
        key = [each for column, each in enumerate(row) if column != name]
        like = next((one for one in found if nothing and one[:name] + one[name + 1 :] == key), None)
        if like is None:
            found.append(list(row))
        else:
            like[name] = f"{like[name]}, {row[name]}"
    return found


def way_rows(task: str, state: State) -> list[list[str | int | float]]:
    """Return one row for each way to train a task: those that every task has, and stacked ones."""
    found = state[f"train {task}"].found
    speeds = {
        one["name"].removeprefix(f"{task}, "): one
        for one in found.figures
        if one["unit"] == "models/s"
    }
    if not speeds:
        return [[task, "any", NOT_MEASURED, EMPTY, EMPTY, EMPTY]]
    stacked = [name for name in speeds if name.startswith("stacked")]
    rows: list[list[str | int | float]] = []
    for way in (*WAYS, *(stacked or ["stacked"])):
        if way not in speeds:
            rows.append([task, way, NOT_MEASURED, EMPTY, EMPTY, EMPTY])
            continue
        one, values = speeds[way], found.values
        spread = f"{number(one['min'])} to {number(one['max'])}"
        ratio = 1.0 if way == "graph" else values.get(f"{task}_{way}_ratio", EMPTY)
        share = values.get(f"{task}_{way}_percent_of_floor", EMPTY)
        rows.append([task, way, one["median"], spread, ratio, share])
    return rows


def path_row(task: str, values: Mapping[str, Any]) -> list[str | int | float]:
    """Return which path was chosen for a task."""
    path = values.get(f"path_{task}")
    if path is None:
        return [task, NOT_MEASURED, EMPTY, EMPTY]
    times = [f"{way} {number(ms)} ms" for way, ms in path["ms_per_model_step"].items()]
    return [task, path["name"], path["k"], ", ".join(times) or "nothing was to choose"]


def speed_row(plan: Plan, values: Mapping[str, Any]) -> list[str | int | float]:
    """Return how fast the pool grew; a call that found all its models there timed none."""
    if "pool_models_per_min" not in values:
        return [plan.task, NOT_MEASURED, EMPTY, EMPTY]
    path = values.get(f"pool_{plan.task}", {}).get("path")
    way = f"{path['name']} k={path['k']}" if path else EMPTY
    return [plan.task, values["pool_models_per_min"], values["pool_models_timed"], way]


def pool_rows(plan: Plan, values: Mapping[str, Any]) -> list[list[str | int | float]]:
    """Return how good the models of each role of the pool are."""
    pool = values.get(f"pool_{plan.task}")
    roles = ("original", "oracle", "control")
    if pool is None:
        return [[role, EMPTY, NOT_MEASURED, EMPTY, EMPTY] for role in roles]
    return [
        [role, pool[f"{role}_test_accuracy"]["n"]]
        + [percent(pool[f"{role}_{which}_accuracy"]) for which in ("test", "retain", "forget")]
        for role in roles
    ]


def percent(one: Mapping[str, Any]) -> str:
    """Return mean and standard deviation of an accuracy in percent."""
    sd = "" if one["sd"] is None else f" ± {100 * one['sd']:.2f}"
    return f"{100 * one['mean']:.2f}{sd}"


def score_row(
    task: str, method: str, n_models: int, values: Mapping[str, Any]
) -> list[str | int | float]:
    """Return the numbers of one score."""
    one = values.get(f"score_{task}_{method}")
    if one is None:
        return [task, method, n_models, NOT_MEASURED, *[EMPTY] * 6]
    return [
        task,
        method,
        n_models,
        decimals(one, "forgetting_quality", 3, "forgetting_quality_se"),
        decimals(one, "ceiling", 3),
        decimals(one, "relative_score", 2, "relative_score_se"),
        decimals(one, "time_ratio", 2),
        decimals(one, "compute_ratio", 2),
        decimals(one, "test_accuracy", 3),
        one["failure"] or "none",
    ]


def decimals(one: Mapping[str, Any], name: str, places: int, error: str = "") -> str:
    """Return a number of a score, with its standard error where it has one."""
    if one.get(name) is None:
        return EMPTY
    se = f" ± {one[error]:.{places}f}" if one.get(error) is not None else ""
    return f"{one[name]:.{places}f}{se}"


def stage_row(stage: Stage, state: State) -> list[str | int | float]:
    """Return what came of a stage, its reason in one line that a table can hold."""
    entry = state[stage.name]
    why = entry.message.splitlines()[0].replace("|", "/") if entry.message else ""
    why = shorten(why, MOST_CHARACTERS, placeholder=" ...")
    return [stage.name, entry.status, f"{entry.seconds:.1f}" if entry.seconds else EMPTY, why]
