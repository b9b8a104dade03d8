"""Study `entry`: what is taken away is away, and a quick run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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


def test_the_first_convolution_is_the_originals_unless_it_is_drawn_anew() -> None:
    original = state(trained_net())
    kept, drawn = state(made({})), state(made({"keep_stem": False}))
    for name in ("stem.0.weight", "stem.1.weight", "stem.1.running_mean"):
        torch.testing.assert_close(kept[name], original[name], rtol=0, atol=0)
    assert not torch.equal(drawn["stem.0.weight"], original["stem.0.weight"])
    assert not torch.equal(kept["widen.weight"], original["widen.weight"])


def test_a_network_is_as_sure_on_val_as_the_original_unless_it_is_left() -> None:
    module: dict[str, object] = {}
    exec(compile(ENTRY.read_text(), str(ENTRY), "exec", dont_inherit=True), module)
    sureness = module["sureness"]
    unseen = pattern_examples(30, seed=2).images

    def of(net: nn.Module) -> torch.Tensor:
        return sureness(net(unseen)).detach()  # type: ignore[operator,no-any-return]

    wanted = of(trained_net())
    torch.testing.assert_close(of(made({})), wanted, rtol=1e-2, atol=1e-2)
    assert abs(of(made({"match_margins": False})) - wanted) > 0.01 * wanted.abs()


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
