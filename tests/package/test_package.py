"""`package` and `score --checkpoints`: the same numbers, whichever way a method is handed in."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load

from scorer.cli import main
from scorer.store import WEIGHTS


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None) -> None:
    """Let the commands know the tiny task, and an engine that starts no workers."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("package")


def call(folders: Path, verb: str, *arguments: str) -> Result:
    common = ["--task", "tiny", "--cache-dir", str(folders / "cache"), "--engine", "inline",
              "--secret", "public", "--sandbox", "process", "--device", "cpu"]  # fmt: skip
    if verb == "score":
        common += ["--results-dir", str(folders / "results")]
    return CliRunner().invoke(main, [verb, *common, *arguments])


def scored(folders: Path, *arguments: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    result = call(folders, "score", "--n-models", "4", "--workers", "1", "--json", *arguments)
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    path = folders / "results" / "tiny" / values["method"] / f"{values['run_id']}.npz"
    with np.load(path) as arrays:
        return values, dict(arrays)


def test_the_packaged_file_gives_the_same_bytes_elsewhere(folders: Path, tmp_path: Path) -> None:
    result = call(folders, "package", "adversarial", "--output", str(tmp_path / "out"), "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    content = (tmp_path / "out" / "adversarial.py").read_bytes()
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["licence"] == "Apache-2.0" and facts["kit"]["name"] == "unlearning-scorer"
    assert facts["task"]["name"] == "tiny" and facts["checked"]["runs"] == 2
    with zipfile.ZipFile(tmp_path / "out" / "submission.zip") as opened:
        assert sorted(opened.namelist()) == ["adversarial.py", "manifest.json"]
        assert opened.read("adversarial.py") == content
        assert json.loads(opened.read("manifest.json"))["sha256"] == facts["sha256"]
    alone = tmp_path / "empty"
    alone.mkdir()
    (alone / "adversarial.py").write_bytes(content)
    own, own_arrays = scored(folders, str(alone / "adversarial.py"))
    kit, kit_arrays = scored(folders, "adversarial")
    assert own["method_sha256"] != kit["method_sha256"]
    assert own["relative_score"] == kit["relative_score"]
    name = "unlearned_confidence"
    assert own_arrays[name].tobytes() == kit_arrays[name].tobytes()


def test_nothing_is_written_of_a_method_that_fails(folders: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def unlearning(net, retain, forget, val):\n    raise OSError('no')\n")
    for form in ("file", "checkpoints"):
        result = call(folders, "package", str(bad), "--format", form, "--n-models", "2",
                      "--output", str(tmp_path / "out"))  # fmt: skip
        assert result.exit_code == 3 and "raised" in result.stderr
        assert not (tmp_path / "out").exists()


def test_the_licence_is_the_file_s_own(folders: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    body = "def unlearning(net, retain, forget, val):\n    pass\n"
    for text, licence in ((body, "not stated"),
                          (f"# SPDX-License-Identifier: MIT\n{body}", "MIT")):  # fmt: skip
        mine.write_text(text)
        result = call(folders, "package", str(mine), "--output", str(tmp_path / "out"), "--json")
        assert json.loads(result.stdout)["licence"] == licence
        assert (tmp_path / "out" / "mine.py").read_text() == text


def test_a_zip_of_checkpoints_scores_as_its_method_does(folders: Path, tmp_path: Path) -> None:
    result = call(folders, "package", "finetune", "--format", "checkpoints", "--n-models", "4",
                  "--output", str(tmp_path))  # fmt: skip
    assert result.exit_code == 0, result.output
    path = tmp_path / "submission.zip"
    with zipfile.ZipFile(path) as opened:
        assert opened.namelist() == [f"unlearned_checkpoint_{i}.pth" for i in range(4)]
    given, given_arrays = scored(folders, "--checkpoints", str(path))
    method, method_arrays = scored(folders, "finetune")
    name = "unlearned_confidence"
    assert given_arrays[name].tobytes() == method_arrays[name].tobytes()
    assert given["relative_score"] == method["relative_score"]
    assert given["time_ratio"] is None and given["runs_secret"] is None
    assert given["missing"]["time_ratio"] == "made elsewhere, nothing was metered"
    few = call(folders, "score", "--n-models", "3", "--checkpoints", str(path))
    assert few.exit_code == 2 and "must hold exactly N=3 checkpoints, got 4" in few.stderr
    both = call(folders, "score", "finetune", "--checkpoints", str(path))
    assert both.exit_code == 2 and "in place of METHOD" in both.stderr


def notebook_zip(path: Path, originals: list[dict[str, torch.Tensor]]) -> Path:
    """Write a zip as the challenge's notebooks did: `torch.save` in a loop, `zip` of a path."""
    with zipfile.ZipFile(path, "w") as made:
        for index, state in enumerate(originals):
            buffer = io.BytesIO()
            torch.save(state, buffer)
            made.writestr(f"kaggle/tmp/unlearned_checkpoint_{index}.pth", buffer.getvalue())
    return path


def original_of(folders: Path) -> dict[str, torch.Tensor]:
    """Return the weights of the original that `score` has trained."""
    (entry,) = folders.glob(f"cache/v1/*/*/*/original/00000/{WEIGHTS}")
    return dict(load(entry.read_bytes()))


def test_a_zip_in_the_idiom_of_the_notebooks_is_scored(folders: Path, tmp_path: Path) -> None:
    scored(folders, "finetune")
    states = []
    for index in range(4):
        state = original_of(folders)
        state["fc.bias"] += index
        states.append(state)
    given, arrays = scored(folders, "--checkpoints", str(notebook_zip(tmp_path / "nb.zip", states)))
    assert given["method"] == "nb" and given["faults"] == []
    assert len(np.unique(arrays["unlearned_confidence"], axis=0)) >= 1


class Evil:
    """What a pickle could do."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("/tmp/unpickled-here"),))


def test_checkpoints_that_are_none_have_named_faults(folders: Path, tmp_path: Path) -> None:
    scored(folders, "finetune")
    state = original_of(folders)
    name = next(iter(state))
    bad: list[tuple[Any, str]] = [
        ({**state, "extra": torch.zeros(1)}, "shape_mismatch"),
        ({key: value for key, value in state.items() if key != name}, "shape_mismatch"),
        ({**state, name: state[name].half()}, "shape_mismatch"),
        ({**state, name: torch.full_like(state[name], torch.nan)}, "non_finite"),
        ([1, 2], "bad_return"),
        (Evil(), "bad_return"),
    ]
    path = notebook_zip(tmp_path / "bad.zip", [each for each, _ in bad])
    with zipfile.ZipFile(path, "a") as made:
        made.writestr("kaggle/tmp/unlearned_checkpoint_6.pth", b"no pickle")
        made.writestr("kaggle/tmp/unlearned_checkpoint_7.pth", bytes(10**7))
    result = call(folders, "score", "--n-models", "8", "--workers", "1", "--json",
                  "--checkpoints", str(path))  # fmt: skip
    assert result.exit_code == 3, result.output
    values = json.loads(result.stdout)
    found = {fault["run"]: fault["fault"] for fault in values["faults"]}
    wanted = [kind for _, kind in bad] + ["bad_return", "shape_mismatch"]
    assert found == dict(enumerate(wanted))
    assert values["relative_score"] is None
    assert not Path("/tmp/unpickled-here").exists()
