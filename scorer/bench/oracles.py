"""How fast oracles are trained, against the loops that one would write without the kit.

Each rival runs as one process that has all cores and as one process a core, and the better of
both is the one compared with. Processor time stands beside wall time. A round in which a side was
robbed of its processors is made again; where too few are fair there is no ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from scorer.bench._data import training_data
from scorer.bench._fair import GRANTED, OF_BEST, Side, best_arrangements, fair_rounds
from scorer.bench._floors import step_cost
from scorer.bench._timing import Candidate, Turns, alternate
from scorer.bench._workers import GEMM_SIZE, Job, Workers
from scorer.bench.base import Bench, Report, Settings
from scorer.machine import n_cores
from scorer.tasks import TASKS
from scorer.training.paths import choose_path

TURN_S = 1.0

RIVALS = {"dataloader_loop": "DataLoader loop", "tensor_loop": "tensor loop"}
TITLES = {"kit": "the kit", **RIVALS, "gemm": f"float32 product of {GEMM_SIZE} x {GEMM_SIZE}"}


def measure(
    settings: Settings,
    *,
    turn_s: float = TURN_S,
    cores: int | None = None,
    n_examples: int | None = None,
) -> Report:
    """Measure model-steps a second of the kit's way and of two usual loops, in turns.

    Args:
        settings: `task` names the recipe and the data.
        turn_s: about how long a turn takes.
        cores: that each side has; None for all that this process may use.
        n_examples: train on the first so many only; None for as many as the task retains.
    """
    definition = TASKS[settings.task]
    recipe = definition.recipe
    data, source = training_data(definition, settings.data_dir, n_examples)
    path = choose_path(data, recipe, settings.cache_dir)
    n_steps = recipe.n_steps(len(data))
    cores = cores or n_cores()
    sides = sides_on(cores)
    with Workers(cores, Job(definition, settings.data_dir, n_examples, path)) as workers:
        turns = alternate(
            [
                Candidate(
                    partial(workers.run, side),
                    side.n_processes * {"kit": path.k, "gemm": 2.0 * GEMM_SIZE**3}.get(side.way, 1),
                    1 if side.way == "gemm" else n_steps,
                )
                for side in sides
            ],
            settings.rounds,
            turn_s,
            on_round=settings.on_round,
            counting=partial(fair_rounds, sides),
        )
    report = BENCH.report(settings)
    report.values |= {"task": settings.task, "path": path.name, "k": path.k}
    report.values |= {"steps_per_model": n_steps, "batch_size": recipe.batch_size}
    report.values |= {"n_examples": len(data), "n_workers": cores}
    report.notes += [
        f"{settings.task}: {source}; {len(data)} examples, batch {recipe.batch_size},"
        f" {n_steps} steps a model; the kit: {path.name} k={path.k}; the same architecture, memory"
        " layout and optimiser on all sides",
        "processes were started, and the training path was chosen, before anything was timed;"
        " start-up, evaluation and writing are left out on all sides",
    ]
    if not all(each.whole_cycles for each in turns):
        report.notes.append("a turn is a slice of the training where a model takes over 2 s")
    add_figures(report, settings.rounds, sides, turns, n_steps, step_cost(data, recipe).flops)
    return report


def sides_on(cores: int) -> list[Side]:
    """Return the kit, each rival in each arrangement, and the matrix product."""
    arrangements = dict.fromkeys([(1, cores), (cores, 1)])
    rivals = [Side(way, *arrangement) for way in RIVALS for arrangement in arrangements]
    return [Side("kit", cores, 1), *rivals, Side("gemm", cores, 1)]


def add_figures(
    report: Report,
    rounds: int,
    sides: Sequence[Side],
    turns: Sequence[Turns],
    n_steps: int,
    flops_per_step: float,
) -> None:
    """Add what the fair rounds say; where there are too few, processor time alone and no ratio.

    Args:
        report: added to.
        rounds: fair ones that are needed.
        sides: in the order of `turns`.
        turns: of all rounds; work in model-steps, that of the matrix product in operations.
        n_steps: of a model.
        flops_per_step: operations of a model and step.
    """
    fair, n_made = fair_rounds(sides, turns), len(turns[0].seconds)
    best = best_arrangements(sides, turns)
    report.values |= {"rounds_made": n_made, "rounds_refused": n_made - len(fair)}
    report.values["arrangements"] = {way: sides[one].arrangement for way, one in best.items()}
    report.notes.append(
        "each loop ran with all cores in one process and with a process a core; the kit is compared"
        " with the one whose best round was faster. A round counts where every side compared had"
        f" {OF_BEST:.0%} of the speed of its best round and, with one thread a process,"
        f" {GRANTED:.0%} of its processors; others are made again, {n_made - len(fair)} were"
    )
    if len(fair) < rounds:
        report.unfit = (
            f"the machine was too busy: {len(fair)} of {n_made} rounds were fair to all sides and"
            f" {rounds} are needed, so there is no ratio; run it again when other programs rest"
        )
    else:
        turns = [each.only(fair) for each in turns]
    for one, (side, own) in enumerate(zip(sides, turns, strict=True)):
        title = f"{TITLES[side.way]}: {side.arrangement}"
        key = side.way if one == best[side.way] else ""
        if side.way != "gemm":
            cpu_ms = 1e3 * own.cpu_costs
            report.add(f"{title}, processor time", "ms/model-step", cpu_ms, key and f"cpu_ms_{key}")
        if side.way != "gemm" and not report.unfit:
            report.add(title, "models/s", own.rates / n_steps, key and f"models_per_s_{key}")
    if report.unfit:
        return
    kit, gemm = turns[best["kit"]], turns[best["gemm"]]
    for way, name in RIVALS.items():
        rival = turns[best[way]]
        title = f"the kit over the {name}"
        report.add(title, "times faster", kit.rates / rival.rates, f"ratio_vs_{way}")
        cheaper = rival.cpu_costs / kit.cpu_costs
        report.add(f"{title}, processor time", "times less", cheaper, f"cpu_ratio_vs_{way}")
    report.add(TITLES["gemm"], "GFLOP/s", gemm.rates / 1e9, "gemm_gflop_per_s")
    share = 100 * flops_per_step * kit.rates / gemm.rates
    report.add("the kit's arithmetic, of that product's speed", "%", share, "percent_of_gemm")


BENCH = Bench(
    "oracles",
    "models trained a second, against a DataLoader loop and a tensor loop",
    measure,
    ("digits", "fashion_mnist"),
)
