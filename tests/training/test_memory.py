"""Plans of memory over cards, tasks and numbers of models: what holds for each of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import pytest

from scorer.errors import ScorerError
from scorer.training.memory import (
    CONTEXT_BYTES,
    RUN_MARGIN,
    Memory,
    Needs,
    TrainingPlan,
    plan_runs,
    plan_training,
    run_share,
)

GIB, MIB = 2**30, 2**20
CARDS = (8, 16, 24, 80, 141)
N_MODELS = (8, 64, 512)
PER_GPU = 4

TASKS = {
    "digits": Needs(CONTEXT_BYTES, MIB, MIB, 8 * MIB, 47 * MIB),
    "fashion_mnist": Needs(CONTEXT_BYTES, 162 * MIB, 210 * MIB, 22 * MIB, 15 * MIB),
    "cifar10": Needs(CONTEXT_BYTES, 527 * MIB, 703 * MIB, 1016 * MIB, 352 * MIB),
    "cifar10-resnet18": Needs(CONTEXT_BYTES, 527 * MIB, 703 * MIB, 269 * MIB, 188 * MIB),
}
"""What the tasks need: the sizes of their data, and of their recipes what the probe measures."""

K = 64


def card(gib: int, used: int = 0) -> Memory:
    """Return a card of which some bytes are used."""
    return Memory(gib * GIB, gib * GIB - used)


def training(gib: int, task: str, n_models: int, n_devices: int = 1) -> TrainingPlan:
    """Return the plan of one worker a card."""
    return plan_training(
        card(gib),
        TASKS[task],
        n_models=n_models,
        k=K,
        most_per_device=1,
        n_devices=n_devices,
    )


@pytest.mark.parametrize("n_devices", [1, 2])
@pytest.mark.parametrize(("gib", "task", "n_models"), [*product(CARDS, TASKS, N_MODELS)])
def test_no_card_is_planned_beyond_what_it_has(
    gib: int, task: str, n_models: int, n_devices: int
) -> None:
    plan = training(gib, task, n_models, n_devices)
    assert plan.per_device * plan.worker_bytes <= plan.available_bytes < gib * GIB
    assert 1 <= plan.k <= min(K, n_models)
    # All cards work, none trains for two.
    assert plan.n_workers == n_devices and plan.per_device == 1
    assert plan.n_workers * plan.k <= n_models + plan.n_workers - 1


@pytest.mark.parametrize(("task", "n_models"), [*product(TASKS, N_MODELS)])
def test_a_larger_card_never_gets_less(task: str, n_models: int) -> None:
    plans = [training(gib, task, n_models) for gib in CARDS]
    assert all(a.k <= b.k and a.n_workers <= b.n_workers for a, b in pairwise(plans))
    runs = [
        plan_runs(card(gib), TASKS[task], n_runs=n_models, most_per_device=PER_GPU) for gib in CARDS
    ]
    assert all(a.per_device <= b.per_device for a, b in pairwise(runs))
    assert runs[-1].per_device == PER_GPU, "the largest card holds all that it serves well"


def test_a_small_card_takes_smaller_groups_and_fewer_runs() -> None:
    crowded = card(8, used=3 * GIB)
    needs = TASKS["cifar10"]
    plan = plan_training(crowded, needs, n_models=64, k=K, most_per_device=1)
    assert plan.k == 2
    # Of 4.5 GiB for runs: two contexts, the data twice and three models in training are 5.5.
    with pytest.raises(ScorerError, match="runs must have about"):
        plan_runs(crowded, needs, n_runs=64, most_per_device=PER_GPU)
    assert plan_runs(card(16), needs, n_runs=64, most_per_device=PER_GPU).per_device == 2


def test_few_models_are_divided_among_all_workers() -> None:
    assert training(80, "digits", 64).k == 64
    assert training(80, "digits", 64, n_devices=2).k == 32
    assert training(80, "digits", 8, n_devices=2).k == 4
    one = training(80, "digits", 1, n_devices=2)
    assert (one.n_workers, one.k) == (1, 1)


def test_processors_come_before_large_groups() -> None:
    """A machine whose memory holds 5 workers of one model each has 5 of them on 16 cores."""
    needs = Needs(process=300, data=50, evaluation=50, model=100)
    plan = plan_training(Memory(4000, 3200), needs, n_models=64, k=32, most_per_device=16)
    assert (plan.n_workers, plan.k) == (5, 1)
    roomy = plan_training(Memory(10**6, 10**6), needs, n_models=64, k=32, most_per_device=16)
    assert (roomy.n_workers, roomy.k) == (16, 4)


@pytest.mark.parametrize(("gib", "task", "n"), [*product(CARDS, TASKS, range(1, PER_GPU + 1))])
def test_runs_share_what_their_workers_leave(gib: int, task: str, n: int) -> None:
    needs, memory = TASKS[task], card(gib)
    plan = plan_runs(memory, needs, n_runs=64, most_per_device=PER_GPU)
    n_sharing = min(n, plan.per_device)
    share = run_share(memory.total, plan.available_bytes, n_sharing, needs)
    own = 2 * needs.process + needs.evaluation + needs.forward
    assert n_sharing * (share * memory.total + own) <= plan.available_bytes + 1
    assert share * memory.total >= needs.data + RUN_MARGIN * needs.model - 1
    assert 0 < share < 1


def test_evaluation_needs_room_even_where_training_needs_less() -> None:
    needs = Needs(process=100, data=0, evaluation=0, model=10, forward=500)
    assert needs.worker(1) == needs.worker(50) == 600
    assert needs.worker(60) == 700
    with pytest.raises(ScorerError, match="one process with one model"):
        plan_training(Memory(700, 700), needs, n_models=1, k=1, most_per_device=1)


def test_what_does_not_fit_says_need_have_and_what_to_do() -> None:
    needs = TASKS["cifar10"]
    with pytest.raises(ScorerError) as caught:
        plan_training(card(8, used=6 * GIB), needs, n_models=64, k=4, most_per_device=1)
    text = str(caught.value)
    assert "training must have about 2758 MiB of memory for one process with one model" in text
    assert "got 1638 MiB of 2048 MiB free and 8192 MiB in all; end what else uses" in text


def test_as_many_workers_as_were_asked_for_or_an_error() -> None:
    needs = TASKS["cifar10"]
    asked = {"n_models": 64, "k": 4, "is_chosen": True}
    assert plan_training(card(24), needs, most_per_device=7, **asked).per_device == 7  # type: ignore[arg-type]
    with pytest.raises(ScorerError, match=r"in 9 processes on one device .* at most --workers 7"):
        plan_training(card(24), needs, most_per_device=9, **asked)  # type: ignore[arg-type]
    planned = plan_training(card(24), needs, n_models=64, k=4, most_per_device=9)
    assert planned.per_device == 7
    with pytest.raises(ScorerError, match="nothing is left beside what these hold"):
        run_share(24 * GIB, 21 * GIB, 16, needs)


def test_numbers_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="`n_models` must be at least 1, got 0"):
        plan_training(card(8), TASKS["digits"], n_models=0, k=1, most_per_device=1)
    with pytest.raises(ValueError, match="`model` must be at least 1, got 0"):
        replace(TASKS["digits"], model=0)
