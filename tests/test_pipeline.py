"""The one way to a score: what is asked for is made and measured, and nothing else."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from scorer.errors import ScorerError, UsageError
from scorer.options import Options
from scorer.oracles import disk
from scorer.pipeline import STAGES, Scored, score
from scorer.results.provenance import bank_sha256
from scorer.secret import PUBLIC
from scorer.store import MANIFEST

NOISE = """
import torch
def unlearning(net, retain, forget, val):
    with torch.no_grad():
        net.fc.bias += torch.randn(10)
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def options(cache: Path, tmp_path: Path, tiny_is_known: None, inline_is_known: None) -> Options:
    return Options(
        task="tiny",
        n_models=4,
        workers=1,
        engine="inline",
        device="cpu",
        cache_dir=cache,
        results_dir=tmp_path / "results",
    )


def ignore(what: str, done: int, total: int) -> None:
    """Show nothing."""


def models(cache: Path, scored: Scored, role: str) -> int:
    """Return how many models of a role there are of the task that was scored."""
    return len(list(cache.glob(f"v1/{scored.record.fingerprint}/*/*/{role}/*/{MANIFEST}")))


def file(folder: Path, source: str, name: str = "noise") -> str:
    path = folder / f"{name}.py"
    path.write_text(source)
    return str(path)


def test_measures_that_look_at_no_oracles_train_none(options: Options, tmp_path: Path) -> None:
    alone = dataclasses.replace(options, split_seed=7)
    (scored,) = score([file(tmp_path, NOISE)], alone, ignore, ("utility", "time", "compute"))
    counts = [models(alone.cache_dir, scored, r) for r in ("original", "oracle", "control")]
    assert counts == [1, 0, 0]
    assert set(scored.banks) == {"unlearned", "floor"}
    assert scored.record.forgetting_quality is scored.record.bank_sha256 is None
    assert scored.record.missing["bank_sha256"] == "needs control and oracle models"
    assert scored.record.time_ratio is not None and scored.record.time_ratio > 0
    assert scored.record.compute_ratio is not None and 0 < scored.record.compute_ratio < 0.2
    assert set(scored.record.accuracy) >= {"retain", "test"}
    assert not options.results_dir.exists()


def test_several_methods_are_scored_in_their_order(options: Options, tmp_path: Path) -> None:
    bad = file(tmp_path, "def unlearning(net, retain, forget, val):\n    1 / 0\n", "bad")
    stages: list[str] = []
    original, noise, failed, retrain = score(
        ["original", file(tmp_path, NOISE), bad, "retrain"],
        options,
        ignore,
        on_stage=stages.append,
    )
    assert tuple(stages) == STAGES
    assert [each.record.method for each in (original, noise, failed, retrain)] == [
        "original", "noise", "bad", "retrain",
    ]  # fmt: skip
    assert original.record.forgetting_quality == original.record.floor == 0
    np.testing.assert_array_equal(
        original.banks["unlearned"].confidence(), original.banks["floor"].confidence()
    )
    assert original.source is retrain.source is None and noise.source == NOISE.encode()
    assert original.record.time_ratio is None and noise.record.time_ratio is not None
    assert "unlearned" not in failed.banks
    assert failed.record.forgetting_quality is failed.record.relative_score is None
    assert [fault["fault"] for fault in failed.record.faults] == ["raised"]
    values = retrain.record
    assert values.final_score is not None and values.ceiling_final_score is not None
    assert values.relative_score == values.final_score / values.ceiling_final_score
    assert models(options.cache_dir, retrain, "retrain") == 4
    assert retrain.record.missing["between_originals_sd"] == "models of no original"
    assert "given this original" in noise.record.missing["between_originals_sd"]
    np.testing.assert_array_equal(noise.arrays["originals"], 0)
    assert retrain.record.bank_sha256 == bank_sha256(
        {role: retrain.banks[role].confidence() for role in ("oracle", "control")}
    )
    assert len({tuple(each.record.identity.items()) for each in (original, noise, retrain)}) == 1


FAULTY = {
    "a name that is not there": "import torch\nX = torch.nowhere\n",
    "an exception": "def unlearning(net, retain, forget, val):\n    1 / 0\n",
    "what is no network": "def unlearning(net, retain, forget, val):\n    return 'x'\n",
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_file_that_fails_trains_no_oracle(options: Options, tmp_path: Path, name: str) -> None:
    fresh = dataclasses.replace(options, cache_dir=tmp_path / "cache", design="reuse-2")
    calls: list[tuple[str, int, int]] = []
    (scored,) = score(
        [file(tmp_path, FAULTY[name])], fresh, lambda *call: calls.append(call), anew=True
    )
    counts = [models(fresh.cache_dir, scored, role) for role in ("original", "oracle", "control")]
    assert counts == [2, 0, 0]
    assert [call[0] for call in calls if call[1] == call[2]] == ["train", "try", "train", "score"]
    assert (len(scored.record.faults), scored.record.runs_not_made) == (1, 3)
    assert scored.record.final_score is scored.record.bank_sha256 is None
    assert scored.record.missing["final_score"] == scored.record.failure


def test_beside_one_that_works_all_are_scored_and_its_first_run_counts(
    options: Options, tmp_path: Path
) -> None:
    fresh = dataclasses.replace(options, cache_dir=tmp_path / "cache", runs_secret=PUBLIC)
    bad = file(tmp_path, FAULTY["an exception"], "bad")
    calls: list[tuple[str, int, int]] = []
    noise, failed = score(
        [file(tmp_path, NOISE), bad], fresh, lambda *call: calls.append(call), anew=True
    )
    assert ("try", 2, 2) in calls and ("unlearn", 8, 8) in calls, "three runs, audit, retrainings"
    assert models(fresh.cache_dir, noise, "oracle") == 4
    assert failed.record.faults and failed.record.bank_sha256 == noise.record.bank_sha256
    (warm,) = score([file(tmp_path, NOISE)], fresh, ignore, runs_dir=tmp_path / "runs")
    np.testing.assert_array_equal(
        warm.arrays["unlearned_confidence"], noise.arrays["unlearned_confidence"]
    )


def test_runs_are_reused_and_measured_alike_except_in_an_empty_folder(
    options: Options, tmp_path: Path
) -> None:
    method = file(tmp_path, NOISE)
    (whole,) = score([method], options, ignore)
    calls: list[tuple[str, int, int]] = []
    (quick,) = score([method], options, lambda *call: calls.append(call), ("forgetting", "time"))
    assert not [call for call in calls if call[0] == "unlearn"]
    assert quick.record.relative_score == whole.record.relative_score
    assert quick.record.final_score == whole.record.final_score
    same = dataclasses.replace(options, runs_secret=whole.record.runs_secret)
    runs_dir = tmp_path / "runs"
    (again,) = score([method], same, lambda *call: calls.append(call), runs_dir=runs_dir)
    assert ("unlearn", 9, 9) in calls, "four runs, their audit, four retrainings"
    for name in ("unlearned_confidence", "epsilons"):
        np.testing.assert_array_equal(again.arrays[name], whole.arrays[name])


def test_a_design_that_does_not_fit_is_refused_before_anything_is_opened(
    options: Options, tmp_path: Path
) -> None:
    unfit = dataclasses.replace(options, design="reuse-3", cache_dir=tmp_path / "cache")
    with pytest.raises(UsageError, match="--n-models must be a multiple of 3, got 4"):
        score([file(tmp_path, NOISE)], unfit, ignore)
    assert not (tmp_path / "cache").exists()


def test_n_originals_are_their_own_floor(options: Options, tmp_path: Path) -> None:
    still = file(tmp_path, "def unlearning(net, retain, forget, val):\n    pass\n", "still")
    (scored,) = score([still], dataclasses.replace(options, design="reuse-n"), ignore)
    assert models(options.cache_dir, scored, "original") == 4
    assert scored.record.design == "reuse-n"
    assert len(np.unique(scored.banks["floor"].confidence(), axis=0)) == 4
    np.testing.assert_allclose(
        scored.banks["unlearned"].confidence(), scored.banks["floor"].confidence(), rtol=1e-5
    )


def test_an_unknown_method_is_named_before_anything_is_made(
    options: Options, tmp_path: Path
) -> None:
    nowhere = dataclasses.replace(options, cache_dir=tmp_path / "nothing")
    with pytest.raises(UsageError, match="unknown method 'finetunning'"):
        score(["finetunning"], nowhere, ignore)
    assert not (tmp_path / "nothing").exists()


def test_a_disk_that_does_not_hold_models_and_runs_is_told_of_before_any_is_made(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = dataclasses.replace(options, cache_dir=tmp_path / "cache", design="reuse-n")
    methods = [file(tmp_path, NOISE), file(tmp_path, NOISE + "# other", "other")]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 2**10}))
    with pytest.raises(ScorerError) as caught:
        score(methods, asked, ignore)
    for part in (
        f"{asked.cache_dir} must have",
        "for 4 models of role original, with weights",
        "for 4 models of role oracle",
        "for 4 models of role control",
        "for 8 runs; make room or set CACHE_DIR",
    ):
        assert part in str(caught.value)
    elsewhere = tmp_path / "runs"
    monkeypatch.setattr(
        shutil,
        "disk_usage",
        lambda path: type("Usage", (), {"free": 2**10 if path == elsewhere else 2**40}),
    )
    with pytest.raises(ScorerError, match=r"runs must have .*: 0 MiB for 8 runs; make room"):
        score(methods, asked, ignore, runs_dir=elsewhere)
    monkeypatch.setattr(disk, "MOST_IN_MEMORY_BYTES", 0)
    with pytest.raises(ScorerError, match=r"8 runs, .* for 4 outputs of runs of other at once; "):
        score(methods, asked, ignore, runs_dir=elsewhere)
    assert list(asked.cache_dir.glob("v1/*/*/*")) != []
    assert list(asked.cache_dir.glob(f"v1/**/{MANIFEST}")) == []
