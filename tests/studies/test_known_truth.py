"""Laws with a known epsilon and fakes: what is computed of them, and what the answers rest on."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scorer.simulated.fakes import FAKES
from scorer.studies import STUDIES, Settings
from scorer.studies._known_truth_laws import CASES, NOTHING
from scorer.studies._known_truth_parts import NUMBERS, fake_part, law_part
from scorer.studies.known_truth import QUICK, power


@pytest.fixture
def tiny_study(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave few laws and fakes."""
    kept = ("one normal law", "ties: one law, rounded", "normal, shift 2", "constant")
    monkeypatch.setattr("scorer.studies.known_truth.CASES", {name: CASES[name] for name in kept})
    monkeypatch.setattr("scorer.studies.known_truth.FAKES", FAKES[:3])


def test_the_study_answers_draws_and_writes(
    settings: Settings, tiny_study: None, tmp_path: Path
) -> None:
    found = STUDIES["known-truth"].run(settings)
    assert list(found.figures) == ["powers", "epsilons"]
    assert len(found.answers) == 6
    assert [row[0] for row in found.tables[0]["rows"]] == [fake.name for fake in FAKES[1:3]]
    assert len(found.tables[1]["rows"]) == 4
    (documented,) = [table for table in found.tables if "in_documents" in table]
    assert documented["title"] == "What fools which number"
    folder = found.write(tmp_path / "found")
    values = json.loads((folder / "findings.json").read_text())
    assert values["numbers"]["share_above"]["n"] == 4 * QUICK.n_repeats
    assert "What fools which number" in (folder / "findings.md").read_text()


def truth(law: str) -> float:
    return CASES[law].truth.epsilon(1e-5)


def test_truths_are_what_they_must_be() -> None:
    assert {truth(law) for law in NOTHING} == {0.0}
    assert truth("constant") > 5 or truth("constant") == math.inf
    assert truth("flip of a skewed law") == math.inf
    # Rounding shows less, and here nearly as much: a shift by one cell of the rounding.
    assert 0 < truth("ties: shift 1, rounded") <= truth("normal, shift 1") + 1e-6


@pytest.mark.parametrize("law", ["normal, shift 2", "constant", "ties: one law, rounded"])
def test_a_law_is_read_for_each_example(law: str) -> None:
    arrays = law_part({"law": law, "n_models": 32, "n_repeats": 40, "seed": 0})
    assert {len(arrays[name]) for name in ("competition", "exact", "bound", "p")} == {40}
    told = (arrays["p"] <= 0.05).mean()
    assert told <= 0.2 if law in NOTHING else told == 1.0
    assert (arrays["bound"] <= arrays["truth"][0]).mean() > 0.9


def test_rounded_draws_are_tied() -> None:
    case = CASES["ties: one law, rounded"]
    bank = case.seen(case.law.draw(np.random.default_rng(0), (64, 5))[0])
    assert len(np.unique(bank)) < 12


@pytest.mark.parametrize("fake", ["bias 1", "32 models twice"])
def test_a_fake_is_read_for_each_set(fake: str) -> None:
    values = {"fake": fake, "n_models": 64, "n_examples": 20, "n_repeats": 2, "seed": 0}
    readings = fake_part(values)["readings"]
    assert readings.shape == (2, len(NUMBERS))
    assert np.isfinite(readings).all()
    distinct = readings[:, NUMBERS.index("distinct")]
    assert (distinct < 40).all() if fake == "32 models twice" else (distinct > 40).all()


def test_power_is_the_share_beyond_what_fresh_oracles_get() -> None:
    rng = np.random.default_rng(0)
    null = rng.normal(size=(400, len(NUMBERS)))
    level = power(rng.normal(size=(400, len(NUMBERS))), null)
    assert all(0.0 < share < 0.12 for share in level.values())
    lower, higher = power(null - 5, null), power(null + 5, null)
    assert lower["competition"] == lower["distinct"] == higher["KLoM"] == 1.0
    assert higher["competition"] == lower["KLoM"] == 0.0
    assert lower["mean variance"] == higher["mean variance"] == 1.0


def test_names_may_be_typed_either_way(settings: Settings) -> None:
    chosen = Settings(replace(settings.options), quick=True)
    for name in ("known-truth", "known_truth"):
        assert STUDIES[name].findings(chosen).study == "known_truth"
