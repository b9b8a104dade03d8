"""A bundle of the tiny task, made once for all tests of this folder."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from scorer.engines import ENGINES
from scorer.engines.base import no_progress
from scorer.host import bundle, ingestion, scoring
from scorer.host.bundle import Plan, make_bundle
from scorer.options import Options
from scorer.secret import PUBLIC
from scorer.tasks import TASKS
from scorer.training import paths
from scorer.training.probe import ProbeResult
from tests._engine import InlineEngine
from tests.conftest import tiny_definition

N_MODELS = 4


@pytest.fixture(scope="package")
def host_patches() -> Iterator[None]:
    """Let this process know the tiny task, and start no workers.

    For tests of this folder alone: others on the same worker must find the registries as they are.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS.members, "tiny", tiny_definition())
        patch.setitem(ENGINES.members, "inline", InlineEngine)
        patch.setattr(paths, "probe", lambda *_: ProbeResult("loop", 1, "for tests", ()))
        for module in (ingestion, scoring):
            patch.setattr(module, "make_engine", lambda *_: InlineEngine(1))
        yield


@pytest.fixture(scope="package")
def host_options(host_patches: None, tmp_path_factory: pytest.TempPathFactory) -> Options:
    """Return the options that the bundle is made with."""
    folder = tmp_path_factory.mktemp("host")
    return Options(
        task="tiny", n_models=N_MODELS, engine="inline", workers=1, device="cpu",
        sandbox="process", secret=PUBLIC, cache_dir=folder / "cache",
        results_dir=folder / "results",
    )  # fmt: skip


@pytest.fixture(scope="package")
def made(host_options: Options, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle; tests that change it take a copy."""
    output = tmp_path_factory.mktemp("bundle") / "contest"
    plan = Plan(
        start=datetime.datetime(2030, 1, 1), end=datetime.datetime(2030, 2, 1), final_split_seed=1
    )
    assert make_bundle(output, host_options, plan, no_progress) == []
    assert bundle.TEMPLATES.is_dir()
    return output
