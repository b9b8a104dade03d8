"""Study `compute`: trainings that end early, methods made longer, and a quick run."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from baselines.common import Examples
from scorer.errors import ScorerError
from scorer.oracles.pool import Pool
from scorer.studies import Settings
from scorer.studies._compute_models import ShareTraining, audited, begin, trained
from scorer.studies.compute import METHODS, STUDY
from scorer.studies.unlearning import baseline_at_length, baseline_function, unlearn
from scorer.tasks.task import Task
from scorer.training.loop import ModelSeeds, initial_model, train_models
from scorer.training.models import build_model

SEEDS = ModelSeeds.of("compute", "test", 0)


def weights(net: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().reshape(-1) for parameter in net.parameters()])


def share_trained(task: Task, n_steps: int, n_schedule: int) -> torch.Tensor:
    data = task.training_set("retain", torch.device("cpu"))
    training = ShareTraining(data, task.definition.recipe, SEEDS, n_steps, n_schedule)
    assert sum(1 for _ in training.steps()) == n_steps
    return weights(training.net)


def test_the_whole_share_is_a_whole_training(tiny_task: Task) -> None:
    data, recipe = (
        tiny_task.training_set("retain", torch.device("cpu")),
        tiny_task.definition.recipe,
    )
    n_steps = recipe.n_steps(len(data))
    (whole,) = train_models(data, recipe, [SEEDS])
    torch.testing.assert_close(share_trained(tiny_task, n_steps, n_steps), weights(whole))


def test_cut_off_and_annealed_differ_by_the_schedule_alone(tiny_task: Task) -> None:
    data, recipe = (
        tiny_task.training_set("retain", torch.device("cpu")),
        tiny_task.definition.recipe,
    )
    cut_off = share_trained(tiny_task, 2, recipe.n_steps(len(data)))
    annealed = share_trained(tiny_task, 2, 2)
    assert not torch.equal(cut_off, annealed)


@pytest.mark.parametrize(("start", "share"), [("annealed", 0.0), ("shrunk", 0.5), ("warm", 1.0)])
def test_a_start_is_between_new_weights_and_the_originals(
    tiny_pool: Pool, start: str, share: float
) -> None:
    recipe = tiny_pool.task.definition.recipe
    net = initial_model(tiny_pool.task.training_set("retain", torch.device("cpu")), recipe, SEEDS)
    new, original = weights(net), tiny_pool.original_weights(0)
    old = torch.cat([original[name].reshape(-1) for name, _ in net.named_parameters()])
    begin(net, start, tiny_pool)
    torch.testing.assert_close(weights(net), (1 - share) * new + share * old)


def test_a_part_says_what_share_it_took(tiny_pool: Pool) -> None:
    told = {"pool": tiny_pool.to_spec(), "start": "warm", "share": 0.5, "n_models": 2}
    found = trained(told)
    assert found["share"].tolist() == [0.5]
    assert found["confidence_forget"].shape == (2, 20)


@pytest.mark.parametrize("name", METHODS)
def test_a_longer_method_computes_more(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    sets = {
        part: Examples(torch.randn(n, 1, 8, 8, generator=generator), torch.arange(n) % 10)
        for part, n in (("retain", 640), ("forget", 20), ("val", 20))
    }
    net = build_model("small_cnn", 1, 10, seed=0)
    counts = [
        audited(baseline_at_length(name, "digits", factor), net, sets) for factor in (1.0, 3.0, 6.0)
    ]
    steps = [after - before for before, after in pairwise(counts)]
    np.testing.assert_allclose(steps[1] / steps[0], 1.5, rtol=0.3)
    usual = next(unlearn(baseline_function(name), net, sets, "key", 1))
    same = next(unlearn(baseline_at_length(name, "digits", 1.0), net, sets, "key", 1))
    assert torch.equal(weights(usual), weights(same))


def test_a_method_without_a_length_is_refused() -> None:
    with pytest.raises(ScorerError, match=r"scrub\.py must have a number EPOCHS"):
        baseline_at_length("scrub", "digits", 2.0)


def test_a_quick_run_answers_everything(
    settings: Settings, tiny_is_known: None, tmp_path: Path
) -> None:
    options = replace(settings.options, task="tiny")
    found = STUDY.run(Settings(options, quick=True))
    assert set(found.figures) == {"relative_score", "forgetting_quality"}
    assert len(found.answers) == 4
    assert "relative_score_annealed_at_20_percent" in found.numbers
    (table,) = found.tables
    assert [len(row) for row in table["rows"]] == [3] * 5
    assert len(list(found.write(tmp_path / "compute").iterdir())) == 6
