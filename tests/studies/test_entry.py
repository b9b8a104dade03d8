"""Study `entry`: what is taken away is away, and a quick run."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from scorer.studies import Settings
from scorer.studies._entry_models import Changes, variant
from scorer.studies.entry import ENTRY, STUDY, VARIANTS, WHOLE, errors
from tests.baselines._network import loader, pattern_examples, trained_net


def made(changes: Changes) -> nn.Module:
    """Return what a variant makes of a small network."""
    sets = [loader(pattern_examples(size, seed)) for seed, size in enumerate((60, 20, 30))]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        short = {"EXAMPLES": 8_000, "START_WORK": [0.0], "STEP_WORK": [0.0]} | changes
        returned = variant(ENTRY.read_text(), short)(trained_net(), *sets)
    assert returned is not None
    return returned


def state(net: nn.Module) -> dict[str, torch.Tensor]:
    return dict(net.state_dict())


def part_of_the_entry(name: str) -> Any:
    module: dict[str, Any] = {}
    exec(compile(ENTRY.read_text(), str(ENTRY), "exec", dont_inherit=True), module)
    return module[name]


def test_the_first_convolution_is_the_originals_unless_it_is_drawn_anew() -> None:
    original = state(trained_net())
    kept, drawn = state(made({})), state(made({"keep_stem": False}))
    for name in ("stem.0.weight", "stem.1.weight", "stem.1.running_mean"):
        torch.testing.assert_close(kept[name], original[name], rtol=0, atol=0)
    assert not torch.equal(drawn["stem.0.weight"], original["stem.0.weight"])
    assert not torch.equal(kept["widen.weight"], original["widen.weight"])


def test_margins_on_val_are_the_originals_unless_they_are_left() -> None:
    margin, unseen = part_of_the_entry("median_margin"), pattern_examples(30, seed=2)

    def of(net: nn.Module) -> torch.Tensor:
        found: torch.Tensor = margin(net, unseen.images, unseen.labels)
        return found

    wanted = of(trained_net())
    torch.testing.assert_close(of(made({})), wanted, rtol=1e-4, atol=1e-4)
    assert abs(of(made({"match_margins": False})) - wanted) > 0.01 * wanted.abs()


def test_half_of_the_weights_stays_at_the_scale_of_new_ones() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer, norm = nn.Conv2d(64, 64, 3), nn.BatchNorm2d(8)
        old = layer.weight.detach().clone()
        nn.init.constant_(norm.weight, 3.0)
        for each in (layer, norm):
            part_of_the_entry("draw_anew")(each)
    both = torch.stack([old.flatten(), layer.weight.detach().flatten()])
    assert torch.corrcoef(both)[0, 1].item() == pytest.approx(0.5, abs=0.02)
    assert (layer.weight.std() / old.std()).item() == pytest.approx(1.0, abs=0.02)
    assert norm.weight.tolist() == [2.0] * 8


def test_the_first_half_of_the_steps_looks_at_all_of_the_forget_set() -> None:
    seen: dict[float, list[torch.Tensor]] = {0.5: [], 1.0: []}
    for share, batches in seen.items():

        def surprise(logits: torch.Tensor, labels: torch.Tensor, batches: Any = batches) -> Any:
            assert len(logits) == len(labels)
            batches.append(labels)
            return part_of_the_entry("surprise")(logits, labels)

        made({"surprise": surprise, "AWAY_STEPS": share})
    half, whole = (len(batches) for batches in seen.values())
    assert half == pytest.approx(whole / 2, rel=0.1)  # these steps are a little dearer
    gone = pattern_examples(20, seed=1).labels
    n_batches = len(gone) // len(seen[0.5][0])
    once = torch.cat(seen[0.5][:n_batches])
    assert (once.bincount(minlength=10) <= gone.bincount(minlength=10)).all()
    assert len(once) > 0.7 * len(gone)


def test_no_example_is_pushed_beyond_guessing() -> None:
    logits = torch.tensor([[0.0, 9.0], [1.0, 0.0]], requires_grad=True)
    loss = part_of_the_entry("surprise")(logits, torch.tensor([0, 0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[0].tolist() == [0.0, 0.0]
    assert gradient[1, 0] < 0
    assert loss.item() == pytest.approx((math.log(2) + math.log(1 + math.exp(-1))) / 2)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != WHOLE])
def test_every_variant_differs(name: str) -> None:
    whole, other = state(made({})), state(made(VARIANTS[name]))
    assert any(not torch.equal(whole[key], other[key]) for key in whole)


def test_what_the_entry_has_not_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="must have `TEMPERATURE`"):
        variant(ENTRY.read_text(), {"TEMPERATURE": 2.0})


def test_errors_are_in_units_of_the_oracles_spread() -> None:
    generator = np.random.default_rng(0)
    oracle, control = generator.normal(size=(2, 4000, 3)) * 2.0
    bias, rms, log_spread = errors(np.concatenate([oracle, control]) * 3.0 + 1.0, oracle, control)
    assert bias == pytest.approx(0.5, abs=0.08)
    assert rms == pytest.approx(0.5, abs=0.08)
    assert log_spread == pytest.approx(np.log(3.0), abs=0.01)


def test_a_quick_run_answers_everything(
    settings: Settings, tiny_is_known: None, tmp_path: Path
) -> None:
    found = STUDY.run(Settings(replace(settings.options, task="tiny"), quick=True))
    assert {"relative_score_the_entry", "ceiling", "bound_not_known"} <= set(found.numbers)
    assert len(found.answers) == 11
    assert [len(table["rows"]) for table in found.tables] == [2, 12, 10]
    assert next(iter(found.figures)) == "relative_score"
    assert (found.write(tmp_path / "entry") / "bound.svg").exists()
