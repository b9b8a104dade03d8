"""Paths: the choice on disk, names of engines, and training in groups."""

from __future__ import annotations

import json
import logging
import multiprocessing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from torch import nn

from scorer.errors import ScorerError
from scorer.files import TEMPORARY
from scorer.store import MANIFEST
from scorer.training import paths as paths_module
from scorer.training.loop import ModelSeeds, TrainingSet, train_models
from scorer.training.paths import (
    GroupTraining,
    TrainingPath,
    choose_path,
    engine_id,
    suggest_path,
    train_group,
)
from scorer.training.probe import ProbeResult, Timing
from scorer.training.recipe import Recipe
from scorer.training.stacked import is_out_of_memory, train_models_stacked
from tests.training._common import noise, recipe, seeds_of, state_bytes

DATA = noise(48, 1, 8, 8)
LOOP = TrainingPath("loop", 1, "cpu", "float32")
STACKED = TrainingPath("stacked", 2, "cpu", "float32")
RESULT = ProbeResult("stacked", 16, "it was faster", (Timing("stacked", 16, 0.5),))


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Replace the probe; return the recipes that it was called for."""
    called: list[Recipe] = []

    def probe(data: TrainingSet, settings: Recipe) -> ProbeResult:
        called.append(settings)
        return RESULT

    monkeypatch.setattr(paths_module, "probe", probe)
    return called


def test_a_choice_is_measured_once_and_kept_with_its_reason(
    tmp_path: Path, probes: list[Recipe]
) -> None:
    chosen = choose_path(DATA, recipe(), tmp_path)
    assert chosen == TrainingPath("stacked", 16, "cpu", "float32")
    assert choose_path(DATA, recipe(), tmp_path) == chosen
    assert len(probes) == 1
    (file,) = (tmp_path / "paths").glob(f"*/00000/{MANIFEST}")
    kept = json.loads(file.read_text())
    assert kept["reason"] == "it was faster"
    assert kept["timings"] == [{"name": "stacked", "k": 16, "ms_per_model_step": 0.5}]
    assert kept["measured_for"]["image_shape"] == [1, 8, 8]


def test_what_changes_the_speed_is_measured_anew(tmp_path: Path, probes: list[Recipe]) -> None:
    for data, settings in (
        (DATA, recipe()),
        (DATA, recipe(batch_size=8)),
        (DATA, recipe(dtype="bfloat16")),
        (DATA, recipe(architecture="small_resnet")),
        (noise(48, 1, 16, 16), recipe()),
        (noise(47, 1, 8, 8), recipe(epochs=9, learning_rate=1.0)),  # as fast as the first
    ):
        assert choose_path(data, settings, tmp_path).dtype == settings.dtype
    assert len(probes) == 5


def test_a_suggestion_stands_where_nothing_was_measured(
    tmp_path: Path, probes: list[Recipe]
) -> None:
    assert suggest_path(LOOP, DATA, recipe(), tmp_path, "a bank's") == LOOP
    assert choose_path(DATA, recipe(), tmp_path) == LOOP and not probes
    assert suggest_path(STACKED, DATA, recipe(), tmp_path, "another's") == LOOP


def test_a_suggestion_does_not_overrule_a_measurement(tmp_path: Path, probes: list[Recipe]) -> None:
    measured = choose_path(DATA, recipe(), tmp_path)
    assert suggest_path(LOOP, DATA, recipe(), tmp_path, "a bank's") == measured != LOOP


def test_the_path_of_another_device_is_not_kept(tmp_path: Path, probes: list[Recipe]) -> None:
    elsewhere = TrainingPath("loop", 1, "nvidia-h200", "float32")
    assert suggest_path(elsewhere, DATA, recipe(), tmp_path, "a bank's") == elsewhere
    assert choose_path(DATA, recipe(), tmp_path).device == "cpu" and len(probes) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"path": {"name": "loop"}}', "null"])
def test_a_damaged_choice_is_measured_again(
    content: str, tmp_path: Path, probes: list[Recipe], caplog: pytest.LogCaptureFixture
) -> None:
    chosen = choose_path(DATA, recipe(), tmp_path)
    (file,) = (tmp_path / "paths").glob(f"*/00000/{MANIFEST}")
    file.write_text(content)
    with caplog.at_level(logging.WARNING, logger="scorer"):
        assert choose_path(DATA, recipe(), tmp_path) == chosen
    assert len(probes) == 2 and str(file.parent) in caplog.text
    assert choose_path(DATA, recipe(), tmp_path) == chosen
    assert len(probes) == 2
    assert not list(tmp_path.rglob(f"{TEMPORARY}*"))


def _choose(cache: str, name: str, go: object, chosen: multiprocessing.Queue[str]) -> None:
    """Measure that one path is faster, at the same time as somebody who measures another."""
    paths_module.probe = lambda *_: ProbeResult(name, 1, "it was faster", ())  # type: ignore[assignment]
    go.wait()  # type: ignore[attr-defined]
    chosen.put(choose_path(DATA, recipe(), Path(cache)).name)


def test_processes_that_measure_at_once_take_one_path(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for turn in range(5):
        go, chosen = context.Barrier(2), context.Queue()
        processes = [
            context.Process(target=_choose, args=(str(tmp_path / str(turn)), name, go, chosen))
            for name in ("loop", "stacked")
        ]
        for process in processes:
            process.start()
        found = {chosen.get(timeout=60) for _ in processes}
        for process in processes:
            process.join()
        assert len(found) == 1


def test_the_real_probe_makes_a_path_that_trains(tmp_path: Path) -> None:
    path = choose_path(DATA, recipe(), tmp_path)
    assert path.device == "cpu" and path.dtype == "float32"
    assert len(train_group(DATA, recipe(), seeds_of(0, 1, 2), path)) == 3


def test_engine_ids() -> None:
    torch_release = torch.__version__.split("+")[0]
    assert engine_id(STACKED, "cpu") == f"cpu-stacked-float32-torch{torch_release}"
    assert engine_id(LOOP, "cpu") == f"cpu-loop-float32-torch{torch_release}"
    on_gpu = TrainingPath("loop", 1, "nvidia-h200", "bfloat16")
    assert engine_id(on_gpu, "cuda") == f"cuda-nvidia-h200-loop-bfloat16-torch{torch_release}"
    other_k = TrainingPath("stacked", 8, "cpu", "float32")
    assert engine_id(other_k, "cpu") == engine_id(STACKED, "cpu")


def test_paths_travel_as_dictionaries() -> None:
    assert TrainingPath(**json.loads(json.dumps(asdict(STACKED)))) == STACKED
    with pytest.raises(ValueError, match=r"`name` must be one of .* got 'fast'"):
        TrainingPath("fast", 1, "cpu", "float32")
    with pytest.raises(ValueError, match="`k` must be at least 1, got 0"):
        TrainingPath("loop", 0, "cpu", "float32")


def test_a_group_is_trained_by_its_path_in_the_order_of_its_seeds() -> None:
    seeds = seeds_of(0, 1, 2, 3, 4)
    looped = train_group(DATA, recipe(), seeds, LOOP)
    expected = list(train_models(DATA, recipe(), seeds))
    assert [state_bytes(net) for net in looped] == [state_bytes(net) for net in expected]
    stacked = train_group(DATA, recipe(), seeds, STACKED)
    expected = train_models_stacked(DATA, recipe(), seeds)
    assert [state_bytes(net) for net in stacked] == [state_bytes(net) for net in expected]
    assert state_bytes(stacked[0]) != state_bytes(looped[0]), "both took the same path"
    assert train_group(DATA, recipe(), [], STACKED) == []


def test_refuses_a_path_for_something_else() -> None:
    seeds = seeds_of(0)
    half = TrainingPath("loop", 1, "cpu", "bfloat16")
    with pytest.raises(ValueError, match="recipe's dtype 'float32', got 'bfloat16'"):
        train_group(DATA, recipe(), seeds, half)
    elsewhere = TrainingPath("loop", 1, "nvidia-h200", "float32")
    with pytest.raises(ValueError, match="device of the data, 'cpu', got 'nvidia-h200'"):
        train_group(DATA, recipe(), seeds, elsewhere)


@pytest.mark.gpu
def test_a_gpu_has_a_name_of_its_own(tmp_path: Path) -> None:
    data = TrainingSet(DATA.images.cuda(), DATA.labels.cuda(), 10)
    path = choose_path(data, recipe(), tmp_path)
    assert path.device not in ("cpu", "cuda")
    assert engine_id(path, "cuda").startswith(f"cuda-{path.device}-{path.name}-")
    assert len(train_group(data, recipe(), seeds_of(0, 1), path)) == 2


@pytest.fixture
def room_for_two(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let memory end where more than two models are trained at once; return the sizes tried."""
    tried: list[int] = []

    def small_only(data: TrainingSet, settings: Recipe, seeds: list[ModelSeeds]) -> list[nn.Module]:
        tried.append(len(seeds))
        if len(seeds) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return [nn.Flatten() for _ in seeds]

    monkeypatch.setattr(paths_module, "train_models_stacked", small_only)
    return tried


def test_groups_that_run_out_of_memory_are_halved_for_good(
    room_for_two: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    training = GroupTraining(recipe(), replace(STACKED, k=8))
    made = list(training.train(DATA, seeds_of(*range(9))))
    assert [k for _, k in made] == [2] * 8 + [1]
    assert room_for_two == [8, 4, 2, 2, 2, 2, 1]
    said = [record.getMessage() for record in caplog.records]
    assert [text.split(";")[1] for text in said] == [
        " they are trained again, 4 at once",
        " they are trained again, 2 at once",
    ]
    # What came later is not tried in groups that did not fit.
    assert [k for _, k in training.train(DATA, seeds_of(*range(3)))] == [2, 2, 1]
    assert training.k == 2


@pytest.mark.parametrize("path", [LOOP, STACKED])
@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 1")]
)
def test_without_memory_for_one_model_the_error_says_so(
    path: TrainingPath, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> list[nn.Module]:
        raise error

    for name in ("train_models", "train_models_stacked"):
        monkeypatch.setattr(paths_module, name, full)
    with pytest.raises(ScorerError, match="one model of `small_cnn` in batches of 16 must fit"):
        train_group(DATA, recipe(), seeds_of(0, 1), path)


def test_other_failures_in_training_are_not_taken_for_lack_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> list[nn.Module]:
        raise RuntimeError("the driver is gone")

    monkeypatch.setattr(paths_module, "train_models_stacked", broken)
    with pytest.raises(RuntimeError, match="the driver is gone"):
        train_group(DATA, recipe(), seeds_of(0, 1), STACKED)


def test_what_a_lack_of_memory_breaks_on_its_way_out_is_one_too() -> None:
    try:
        try:
            raise torch.OutOfMemoryError("CUDA out of memory")
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")
    except RuntimeError as error:
        assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("operation failed"))
