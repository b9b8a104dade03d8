"""Shared fixtures: a task so small that a model takes a tenth of a second, and its pool."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from data_prep import choose_forget, load_raw, partition
from scorer.engines import ENGINES
from scorer.oracles.pool import Pool
from scorer.secret import PUBLIC_SECRET
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.hard_random import HardRandom
from scorer.tasks.task import Task
from scorer.training import paths
from scorer.training.paths import TrainingPath
from scorer.training.probe import ProbeResult
from scorer.training.recipe import Recipe
from tests._engine import HOSTS, InlineEngine

# Shells ignore the first for what they start in the background, nohup the second, and what tests
# start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --slow."""
    parser.addoption("--slow", action="store_true", help="run tests marked slow too")


LONGEST = (
    "extensions/test_one_file.py",
    "host/test_bundle.py",
    "oracles/test_pool.py",
    "runner/adapt/test_files.py",
    "runner/test_honest.py",
    "runner/test_hostile.py",
    "runner/test_killed.py",
    "runner/test_outcomes.py",
    "scenarios/test_scored.py",
    "test_pipeline.py",
    "verify/test_verify.py",
)
"""Files that take longest, which begin first: none is left to one worker at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first; skip, with the reason, what this machine or call leaves out."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONGEST))
    for item in items:
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device, found none"))
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@pytest.fixture
def tiny_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever looks up tasks in this process know the tiny one, and its path unmeasured.

    To measure takes longer than all models of a test; commands that are processes of their own do.
    """
    monkeypatch.setitem(TASKS.members, "tiny", tiny_definition())
    monkeypatch.setattr(paths, "probe", lambda *_: ProbeResult("loop", 1, "for tests", ()))


@pytest.fixture
def inline_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let options name the engine that starts no workers; commands without that option have it."""
    monkeypatch.setitem(ENGINES.members, "inline", InlineEngine)
    monkeypatch.setitem(ENGINES.members, "local", InlineEngine)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Keep torch to one thread, as the workers do."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def kept_hosts() -> Iterator[None]:
    """End what the engine of tests keeps."""
    yield
    HOSTS.keep(0)


def tiny_definition(**changes: object) -> TaskDefinition:
    """Return the definition of a task of 200 digits and two epochs."""
    recipe = Recipe(
        architecture="small_cnn",
        optimizer="sgd",
        learning_rate=0.1,
        momentum=0.9,
        weight_decay=5e-4,
        schedule="one_cycle",
        warmup=0.25,
        epochs=2,
        batch_size=64,
        augmentation="none",
        class_weights="none",
        dtype="float32",
    )
    values: dict[str, object] = {
        "name": "tiny",
        "summary": "a task for tests",
        "dataset": "digits",
        "recipe": recipe,
        "n_val": 50,
        "n_test": 1497,
        "forget": HardRandom(n_hard=0, n_random=20, n_models=0),
        "timeout_s": 20.0,
    }
    return TaskDefinition(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def tiny_task() -> Task:
    """Return a task that loads without training anything."""
    definition = tiny_definition()
    raw = load_raw("digits", Path("data"))
    parts = partition(raw, definition.n_val, definition.n_test, 0)
    split = choose_forget(parts, raw.labels, None, 0, definition.forget.size, 0)
    return Task(definition, 0, raw, split)


@pytest.fixture(scope="session")
def loop_path() -> TrainingPath:
    """Return the plain training path, whatever a probe would choose."""
    return TrainingPath(name="loop", k=1, device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def tiny_pool(
    tiny_task: Task,
    loop_path: TrainingPath,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pool:
    """Return a pool with 2 originals, 4 oracles and 4 controls."""
    pool = Pool(tiny_task, loop_path, "cpu", tmp_path_factory.mktemp("cache"), PUBLIC_SECRET)
    pool.ensure({"original": 2, "oracle": 4, "control": 4}, InlineEngine(1))
    return pool
