"""A method handed in as one file or as N models: the same numbers as the method itself."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load

from scorer.checkpoints.score import score_checkpoints
from scorer.cli import main
from scorer.engines.base import no_progress
from scorer.options import Options
from scorer.package.inline import inlined
from scorer.package.manifest import licence_of
from scorer.package.write import Package
from scorer.package.zip_of_runs import make_runs
from scorer.pipeline import score
from scorer.runner.load import BASELINES, find_submission
from scorer.store import WEIGHTS


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def options(cache: Path, tmp_path: Path, tiny_is_known: None, inline_is_known: None) -> Options:
    return Options(
        task="tiny", n_models=2, workers=1, engine="inline", device="cpu", sandbox="process",
        secret="public", cache_dir=cache, results_dir=tmp_path / "results",
    )  # fmt: skip


@pytest.mark.slow
def test_the_packaged_file_gives_the_same_bytes(options: Options, tmp_path: Path) -> None:
    path = BASELINES / "adversarial.py"
    content = inlined(path.read_bytes(), str(path), BASELINES, "9.9")
    alone = tmp_path / "adversarial.py"
    alone.write_bytes(content)
    own, kit = score([str(alone), "adversarial"], options, no_progress)
    assert own.record.method_sha256 != kit.record.method_sha256
    assert own.record.relative_score == kit.record.relative_score
    one, two = (each.banks["unlearned"].arrays for each in (own, kit))
    assert all(one[name].tobytes() == two[name].tobytes() for name in two)


def test_a_package_is_the_file_its_manifest_and_a_zip_of_both(tmp_path: Path) -> None:
    content = b"def unlearning(net, retain, forget, val):\n    pass\n"
    facts = {"file": "adversarial.py", "sha256": hashlib.sha256(content).hexdigest()}
    own: Any = None  # what was scored is not written
    written = Package(content, own, facts).write(tmp_path / "out")
    assert [each.name for each in written] == ["adversarial.py", "manifest.json", "submission.zip"]
    assert written[0].read_bytes() == content
    with zipfile.ZipFile(written[2]) as opened:
        assert sorted(opened.namelist()) == ["adversarial.py", "manifest.json"]
        assert json.loads(opened.read("manifest.json")) == facts
    again = Package(content, own, facts).write(tmp_path / "again")
    assert again[2].read_bytes() == written[2].read_bytes(), "an equal file for equal content"


def state_in(path: Path, index: int) -> dict[str, torch.Tensor]:
    """Return a state of a zip; torch writes a number of its own into every file."""
    with zipfile.ZipFile(path) as opened:
        content = opened.read(f"unlearned_checkpoint_{index}.pth")
    state: dict[str, torch.Tensor] = torch.load(io.BytesIO(content), weights_only=True)
    return state


def test_a_zip_of_checkpoints_scores_as_its_method_does(options: Options, tmp_path: Path) -> None:
    runs = make_runs(find_submission("finetune"), options, no_progress)
    path = runs.write(tmp_path / "submission.zip")
    with zipfile.ZipFile(path) as opened:
        assert opened.namelist() == [f"unlearned_checkpoint_{i}.pth" for i in range(2)]
    scored = score_checkpoints(path, options, no_progress)
    store = runs.folder.store("run")
    for index in range(2):
        name = "confidence_test"
        found = scored.banks["unlearned"].arrays[name][index]
        np.testing.assert_array_equal(found, store.read(index)[name])
    record = scored.record
    assert record.forgetting_quality is not None and record.method == "submission"
    assert record.time_ratio is record.runs_secret is record.within_budget is None
    assert record.missing["time_ratio"] == "made elsewhere, nothing was metered"
    done: list[str] = []
    resumed = make_runs(find_submission("finetune"), options, lambda what, *_: done.append(what))
    again = resumed.write(tmp_path / "again.zip")
    assert not done, "what is finished is not made again"
    first, second = (state_in(each, 1) for each in (path, again))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("text", "is_baseline", "licence"),
    [
        ("x = 1", False, "not stated"),
        ("x = 1", True, "Apache-2.0"),
        ("# SPDX-License-Identifier: MIT\n", False, "MIT"),
        ("# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: Apache-2.0 \n", False,
         "Apache-2.0 AND MIT"),
    ],
)  # fmt: skip
def test_the_licence_is_what_the_file_says(text: str, is_baseline: bool, licence: str) -> None:
    assert licence_of(text.encode(), is_baseline=is_baseline) == licence


def call(options: Options, verb: str, *arguments: object) -> Result:
    common = ["--task", "tiny", "--cache-dir", options.cache_dir, "--engine", "inline", "--secret",
              "public", "--sandbox", "process", "--device", "cpu", "--n-models", 2]  # fmt: skip
    return CliRunner().invoke(main, [verb, *map(str, [*common, *arguments])])


def test_two_wishes_at_once_are_refused(options: Options) -> None:
    for arguments in (["finetune"], ["--rerun"], ["--function", "unlearn"]):
        both = call(options, "score", "--checkpoints", "a.zip", *arguments)
        assert both.exit_code == 2 and "stands in place of METHOD" in both.stderr
    missing = call(options, "score", "--checkpoints", "nothing.zip")
    assert missing.exit_code == 2 and "nothing.zip must be a zip" in missing.stderr


@pytest.mark.slow
def test_package_checks_first_and_writes_nothing_of_what_fails(
    options: Options, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def unlearning(net, retain, forget, val):\n    raise OSError('no')\n")
    for form in ("file", "checkpoints"):
        result = call(options, "package", bad, "--format", form, "--output", tmp_path / "out")
        assert result.exit_code == 3 and "raised" in result.stderr
        assert not (tmp_path / "out").exists()
    result = call(options, "package", "adversarial", "--output", tmp_path / "out", "--json")
    facts = json.loads(result.stdout)
    content = (tmp_path / "out" / "adversarial.py").read_bytes()
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["licence"] == "Apache-2.0" and facts["kit"]["name"] == "unlearning-scorer"
    assert facts["task"]["name"] == "tiny" and facts["checked"]["runs"] == 2


def notebook_zip(path: Path, states: list[Any]) -> Path:
    """Write a zip as the challenge's notebooks did: `torch.save` in a loop, `zip` of a path."""
    with zipfile.ZipFile(path, "w") as made:
        for index, state in enumerate(states):
            buffer = io.BytesIO()
            torch.save(state, buffer)
            made.writestr(f"kaggle/tmp/unlearned_checkpoint_{index}.pth", buffer.getvalue())
    return path


@pytest.mark.slow
def test_a_zip_in_the_idiom_of_the_notebooks_is_scored(options: Options, tmp_path: Path) -> None:
    (floor,) = score(["original"], options, no_progress)
    (entry,) = options.cache_dir.glob(f"v1/*/*/*/original/00000/{WEIGHTS}")
    states = [dict(load(entry.read_bytes())) for _ in range(2)]
    scored = score_checkpoints(notebook_zip(tmp_path / "nb.zip", states), options, no_progress)
    assert scored.record.method == "nb"
    assert scored.record.forgetting_quality == floor.record.forgetting_quality
    failed = notebook_zip(tmp_path / "bad.zip", [states[0], [1, 2]])
    result = call(options, "score", "--checkpoints", failed, "--results-dir", tmp_path, "--json")
    assert result.exit_code == 3, result.output
    assert [each["run"] for each in json.loads(result.stdout)["faults"]] == [1]
    few = replace(options, n_models=3)
    assert few.n_models == 3
