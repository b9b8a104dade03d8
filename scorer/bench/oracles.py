"""How fast oracles are trained, against the loops that one would write without the kit.

Each rival runs as one process that has all cores and as one process a core, and the better of
both is the one compared with. Processor time stands beside wall time. A round in which a side was
robbed of its processors is made again; where too few are fair there is no ratio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from scorer.bench import _loops as loops
from scorer.bench import _sides as sides
from scorer.bench._sides import Side, Step
from scorer.bench._timing import Candidate, Turns, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.bench.floors import step_cost
from scorer.limits import n_cores
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.training.paths import TrainingPath, choose_path

TURN_S = 1.0

GEMM_SIZE = 1024
"""Rows and columns of the float32 product that the kit's arithmetic is compared with."""

FAR_APART = 10**6
"""Indices between the first models of two workers, which shall train different ones."""

BATCHES = {"dataloader_loop": loops.loader_batches, "tensor_loop": loops.tensor_batches}
RIVALS = {"dataloader_loop": "DataLoader loop", "tensor_loop": "tensor loop"}
TITLES = {"kit": "the kit", **RIVALS, "gemm": f"float32 product of {GEMM_SIZE} x {GEMM_SIZE}"}


@dataclass(frozen=True)
class Ways:
    """The ways to go, for workers: what is trained, and how the kit does it."""

    definition: TaskDefinition
    data_dir: Path
    path: TrainingPath

    def __call__(self, number: int, way: str) -> Step:
        """Return what makes a step in worker `number`; `way` is a key of `TITLES`."""
        if way == "gemm":
            return loops.product(GEMM_SIZE, torch.float32, torch.device("cpu"))
        data, _ = loops.training_data(self.definition, self.data_dir)
        recipe = self.definition.recipe
        if way == "kit":
            return loops.kit_steps(data, recipe, self.path, FAR_APART * number).__next__
        return loops.plain_steps(data, recipe, BATCHES[way](data, recipe)).__next__


def measure(settings: Settings, *, turn_s: float = TURN_S, cores: int | None = None) -> Report:
    """Measure model-steps a second of the kit's way and of two usual loops, in turns.

    Args:
        settings: `task` names the recipe and the data.
        turn_s: about how long a turn takes.
        cores: that each side has; None for all that this process may use.
    """
    definition = TASKS[settings.task]
    recipe = definition.recipe
    data, source = loops.training_data(definition, settings.data_dir)
    path = choose_path(data, recipe, settings.cache_dir)
    n_steps = recipe.n_steps(len(data))
    every = sides_on(cores or n_cores())
    work = dict.fromkeys(RIVALS, 1.0) | {"kit": path.k, "gemm": 2.0 * GEMM_SIZE**3}
    cycles = dict.fromkeys(TITLES, n_steps) | {"gemm": 1}
    ways = Ways(definition, settings.data_dir, path)
    with sides.Workers(every[0].n_processes, ways) as workers:
        candidates = {
            s: Candidate(partial(workers.run, s), s.n_processes * work[s.way], cycles[s.way])
            for s in every
        }
        shown, fair = settings.on_round, sides.fair_rounds
        turns = alternate(candidates, settings.rounds, turn_s, on_round=shown, counting=fair)
    report = BENCH.report(settings)
    report.values |= {"task": settings.task, "path": path.name, "k": path.k}
    report.values |= {"steps_per_model": n_steps, "batch_size": recipe.batch_size}
    report.values |= {"n_examples": len(data), "n_workers": every[0].n_processes}
    report.notes += [
        f"{settings.task}: {source}; {len(data)} examples, batch {recipe.batch_size},"
        f" {n_steps} steps a model; the kit: {path.name} k={path.k}; the same architecture, memory"
        " layout and optimiser on all sides",
        "processes were started, and the training path was chosen, before anything was timed;"
        " start-up, evaluation and writing are left out on all sides",
    ]
    if not all(each.whole_cycles for each in turns.values()):
        report.notes.append("a turn is a slice of the training where a model takes over 2 s")
    add_figures(report, settings.rounds, turns, n_steps, step_cost(data, recipe).flops)
    return report


def sides_on(cores: int) -> list[Side]:
    """Return the kit, each rival in each arrangement, and the matrix product."""
    arrangements = dict.fromkeys([(1, cores), (cores, 1)])
    rivals = [Side(way, *arrangement) for way in RIVALS for arrangement in arrangements]
    return [Side("kit", cores, 1), *rivals, Side("gemm", cores, 1)]


def add_figures(
    report: Report, rounds: int, turns: Mapping[Side, Turns], n_steps: int, flops_per_step: float
) -> None:
    """Add what the fair rounds say; where there are too few, processor time alone and no ratio.

    Args:
        report: added to.
        rounds: fair ones that are needed.
        turns: of all rounds; work in model-steps, that of the matrix product in operations.
        n_steps: of a model.
        flops_per_step: operations of a model and step.
    """
    best, fair = sides.best_arrangements(turns), sides.fair_rounds(turns)
    n_made = len(turns[best["kit"]].seconds)
    report.values |= {"rounds_made": n_made, "rounds_refused": n_made - len(fair)}
    report.values["arrangements"] = {way: side.arrangement for way, side in best.items()}
    report.notes.append(
        "each loop ran with all cores in one process and with a process a core; the kit is compared"
        " with the one whose best round was faster. A round counts where every side compared had"
        f" {sides.OF_BEST:.0%} of the speed of its best round and, with one thread a process,"
        f" {sides.GRANTED:.0%} of its processors; others are made again, {n_made - len(fair)} were"
    )
    if len(fair) < rounds:
        report.unfit = (
            f"the machine was too busy: {len(fair)} of {n_made} rounds were fair to all sides and"
            f" {rounds} are needed, so there is no ratio; run it again when other programs rest"
        )
    else:
        turns = {side: own.only(fair) for side, own in turns.items()}
    for side in (one for one in turns if one.way != "gemm"):
        own, way = turns[side], side.way
        title = f"{TITLES[way]}: {side.arrangement}"
        keys = (f"models_per_s_{way}", f"cpu_ms_{way}") if side == best[way] else ("", "")
        if not report.unfit:
            report.add(title, "models/s", own.rates / n_steps, keys[0])
        report.add(f"{title}, processor time", "ms/model-step", 1e3 * own.cpu_costs, keys[1])
    if report.unfit:
        return
    kit, gemm = turns[best["kit"]], turns[best["gemm"]]
    for way, name in RIVALS.items():
        rival, title = turns[best[way]], f"the kit over the {name}"
        report.add(title, "times faster", kit.rates / rival.rates, f"ratio_vs_{way}")
        cheaper = rival.cpu_costs / kit.cpu_costs
        report.add(f"{title}, processor time", "times less", cheaper, f"cpu_ratio_vs_{way}")
    report.add(TITLES["gemm"], "GFLOP/s", gemm.rates / 1e9, "gemm_gflop_per_s")
    share = 100 * flops_per_step * kit.rates / gemm.rates
    report.add("the kit's arithmetic, of that product's speed", "%", share, "percent_of_gemm")


SUMMARY = "models trained a second, against a DataLoader loop and a tensor loop"
BENCH = Bench("oracles", SUMMARY, measure, ("digits", "fashion_mnist"))
