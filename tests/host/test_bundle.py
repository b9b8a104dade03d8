"""A bundle from end to end: what it holds, what it hides, and the score that comes out."""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from scorer.cli import main
from scorer.engines.base import no_progress
from scorer.errors import ScorerError, UsageError
from scorer.host.bundle import Plan, make_bundle
from scorer.host.columns import OVER_BUDGET
from scorer.host.data import read_task
from scorer.host.ingestion import ingest
from scorer.host.lint import lint
from scorer.host.page import HIDDEN
from scorer.host.scoring import PAGE, SCORES, Verdict, judge
from scorer.host.settings import read_settings
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.package.write import zipped
from scorer.pipeline import score
from tests.host.conftest import N_MODELS
from tests.reports._html import Page

MOST_PAGE_BYTES = 5 * 2**20

NOISE = """
import torch
def unlearning(net, retain, forget, val):
    with torch.no_grad():
        net.fc.bias += torch.randn(10)
"""
# Under the seeds of the public secret run 2 draws 0.63, the others and the audit less than 0.6.
FAILS_ONCE = (
    "import torch\ndef unlearning(net, retain, forget, val):\n    assert torch.rand(()) < .6\n"
)


def run(made: Path, place: Path, files: dict[str, str], phase: str = "public") -> Verdict:
    """Run files through both programs of a bundle, in this process."""
    handed_in, between = place / "handed_in", place / "res"
    for folder in (handed_in, between):
        folder.mkdir(parents=True)
    for name, text in files.items():
        (handed_in / name).parent.mkdir(exist_ok=True)
        (handed_in / name).write_text(text)
    programs = made / "ingestion_program", made / "scoring_program"
    ingest(made / "input_data" / phase, between, programs[0], handed_in, no_progress)
    return judge(between, made / "reference_data" / phase, programs[1], no_progress)


@pytest.fixture(scope="module")
def left(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what the first program leaves of a submission that works."""
    handed_in, between = (tmp_path_factory.mktemp(name) for name in ("in", "res"))
    (handed_in / "noise.py").write_text(NOISE)
    (handed_in / "manifest.json").write_text("{}")
    program = made / "ingestion_program"
    ingest(made / "input_data" / "public", between, program, handed_in, no_progress)
    return between


def judged(made: Path, between: Path) -> Verdict:
    """Let the second program of a bundle score what the first one left."""
    reference = made / "reference_data" / "public"
    return judge(between, reference, made / "scoring_program", no_progress)


def test_the_score_is_that_of_score_to_all_digits(
    made: Path, host_options: Options, left: Path, tmp_path: Path
) -> None:
    file = tmp_path / "noise.py"
    file.write_text(NOISE)
    (scored,) = score([str(file)], host_options, no_progress)
    record = scored.record
    verdict = judged(made, left)
    assert verdict.faults == []
    for name in ("relative_score", "forgetting_quality", "forgetting_quality_se",
                 "retain_accuracy", "test_accuracy", "compute_ratio"):  # fmt: skip
        assert verdict.scores[name] == getattr(record, name), name
    rank = verdict.scores["rank_score"]
    assert rank in (record.relative_score, record.relative_score - OVER_BUDGET)
    verdict.write(tmp_path)
    assert json.loads((tmp_path / SCORES).read_text()) == verdict.scores
    assert (tmp_path / PAGE).read_text() == verdict.page
    check_page(verdict.page, made, host_options)
    headings = [text for _, text in Page(verdict.page).headings]
    assert headings[0] == "noise on tiny" and any(text.endswith("worst") for text in headings)
    assert "split 0" in verdict.page and record.fingerprint in verdict.page


def check_page(html: str, made: Path, host_options: Options) -> None:
    """Raise unless a page is a whole report, asks no network, and tells no secret and no image."""
    page = Page(html)
    assert {"board", "epsilons", "examples", "provenance"} <= {s["id"] for s in page.of("section")}
    assert "<!doctype html>" in html and len(html.encode()) < MOST_PAGE_BYTES
    for _, given in page.elements:
        for name in ("src", "href", "xlink:href"):
            assert given.get(name, "#").startswith(("#", "data:"))
    assert not page.of("img") and not page.of("script")
    secrets = (
        read_settings(made / "scoring_program").runs_secret,
        open_pool(host_options, no_progress)[0].secret,
    )
    assert not any(secret in html for secret in secrets)


@pytest.mark.slow
def test_the_final_phase_is_another_split(
    made: Path, host_options: Options, tmp_path: Path
) -> None:
    verdict = run(made, tmp_path, {"noise.py": NOISE}, "final")
    other = dataclasses.replace(host_options, split_seed=1)
    file = tmp_path / "noise.py"
    file.write_text(NOISE)
    (scored,) = score([str(file)], other, no_progress)
    assert verdict.scores["relative_score"] == scored.record.relative_score
    check_page(verdict.page, made, host_options)
    assert "split not told" in verdict.page and HIDDEN in verdict.page
    assert scored.record.fingerprint[:8] not in verdict.page
    assert "--split-seed" not in verdict.page


def test_a_submission_may_see_no_test_set_and_no_secret(made: Path, host_options: Options) -> None:
    pool, _ = open_pool(host_options, no_progress)
    shown = read_task(made / "input_data" / "public")
    whole = pool.task
    for name in ("retain", "forget", "val"):
        assert (shown.images(name) == whole.images(name)).all(), name
        assert (shown.labels(name) == whole.labels(name)).all(), name
    assert (shown.images("test") == whole.images("val")).all()
    assert len(shown.raw.images) < len(whole.raw.images)
    assert set(shown.split.forget_stratum) == {"given"}
    secret = read_settings(made / "ingestion_program").runs_secret
    seen = [*made.glob("input_data/**/*"), *made.glob("pages/*"), *made.glob("solution/*")]
    for path in filter(Path.is_file, seen):
        content = path.read_bytes()
        assert secret.encode() not in content and pool.secret.encode() not in content, path
    with zipfile.ZipFile(made / "starting_kit.zip") as opened:
        assert not any(secret.encode() in opened.read(name) for name in opened.namelist())


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "one .py file at its top, got none"),
        ({"a.py": NOISE, "b.py": NOISE}, "got 'a.py', 'b.py'"),
        ({"mine/unlearn.py": NOISE}, "got a folder, 'mine'; zip the file itself"),
        ({"a.py": NOISE, "mine/b.py": NOISE}, "got a folder, 'mine'"),
        ({"a.py": NOISE, "metadata.yaml": "command: sh"}, "and no metadata.yaml"),
        ({"a.py": NOISE, "metadata": "command: sh"}, "and no metadata"),
        ({"a.py": NOISE, "weights.bin": "x"}, "got 'weights.bin'"),
        ({"retrain.py": NOISE}, "must not have the name of a row of the kit"),
        ({"a.py": NOISE + "#" * 2**16}, "must have at most 65536 bytes"),
    ],
)
def test_what_is_no_submission_is_a_named_fault(
    made: Path, tmp_path: Path, files: dict[str, str], said: str
) -> None:
    verdict = run(made, tmp_path, files)
    assert [fault.fault for fault in verdict.faults] == ["bad_archive"]
    assert said in verdict.faults[0].message
    assert verdict.scores == {"faults": 1.0} and "bad_archive" in verdict.page


FAULTS = [
    (
        "def unlearning(net, retain, forget, val):\n    raise OSError('<script>x</script>')\n",
        "raised",
    ),
    ("def forget(net, retain, forget, val):\n    pass\n", "bad_signature"),
    ("import nothing_like_it\n", "import_error"),
    (FAILS_ONCE, "raised"),
]


@pytest.mark.parametrize(
    ("source", "fault"),
    [FAULTS[0], *(pytest.param(*f, marks=pytest.mark.slow) for f in FAULTS[1:])],
)
def test_a_run_that_fails_leaves_no_number_that_could_rank(
    made: Path, tmp_path: Path, source: str, fault: str
) -> None:
    verdict = run(made, tmp_path, {"mine.py": source})
    assert {one.fault for one in verdict.faults} == {fault}
    assert verdict.scores == {"faults": float(len(verdict.faults))}
    assert fault in verdict.page and "<script>" not in verdict.page


def forge_outcome(between: Path) -> None:
    (manifest,) = between.glob("outcome/*/manifest.json")
    manifest.write_text(manifest.read_text().replace("noise", "other"))


def forge_weights(between: Path) -> None:
    for path in between.glob("runs/*/run/00001/weights.safetensors"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)


def swap_runs(between: Path) -> None:
    (run_folder,) = between.glob("runs/*/run")
    for a, b in (("00000", "x"), ("00001", "00000"), ("x", "00001")):
        (run_folder / a).rename(run_folder / b)


@pytest.mark.parametrize("forge", [forge_outcome, forge_weights, swap_runs])
def test_what_a_program_of_the_submission_s_own_could_change_is_noticed(
    made: Path, left: Path, tmp_path: Path, forge: Any
) -> None:
    between = tmp_path / "res"
    shutil.copytree(left, between)
    forge(between)
    verdict = judged(made, between)
    assert [fault.fault for fault in verdict.faults] == ["tampered"]
    assert verdict.scores == {"faults": 1.0}


def test_without_an_outcome_the_first_program_is_at_fault(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ScorerError, match="left no outcome"):
        judge(tmp_path, made / "reference_data" / "public", made / "scoring_program", no_progress)


def test_a_bundle_is_made_aside_and_never_over_another(made: Path, host_options: Options) -> None:
    with pytest.raises(UsageError, match="must not exist yet"):
        make_bundle(made, host_options, Plan(), no_progress)
    with pytest.raises(UsageError, match="must not be --split-seed, got 0 for both"):
        make_bundle(made.with_name("b"), host_options, Plan(final_split_seed=0), no_progress)
    assert [path.name for path in made.parent.iterdir()] == ["contest"]


def test_the_solution_and_the_kit_are_whole(made: Path) -> None:
    assert [path.name for path in (made / "solution").iterdir()] == ["finetune.py"]
    assert "baselines" not in (made / "solution" / "finetune.py").read_text().partition('"""')[0]
    with zipfile.ZipFile(made / "starting_kit.zip") as opened:
        names = set(opened.namelist())
    assert {"Makefile", "README.md", "submission/unlearn.py", "scorer/__main__.py",
            "scorer/host/templates/pages/rules.md.txt", "docs/contract.md"} <= names  # fmt: skip
    for program in ("ingestion_program", "scoring_program"):
        kit = made / program / "kit"
        for needed in ("tuning/plan.py", "reports/figures/board.py", "reports/templates/style.css"):
            assert (kit / "scorer" / needed).is_file()
        assert not list(kit.rglob("__pycache__"))
        assert not (kit / "scorer" / "bench" / "figures").exists()
        assert not (kit / "baselines" / "leaderboards").exists()
    size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    assert size < 20 * 2**20


@pytest.mark.slow
def test_host_try_runs_a_zip_as_the_platform_does(
    made: Path, host_options: Options, tmp_path: Path
) -> None:
    file = tmp_path / "noise.py"
    file.write_text(NOISE)
    (scored,) = score([str(file)], host_options, no_progress)
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(zipped({"noise.py": NOISE.encode()}))
    bad.write_bytes(zipped({"mine.py": b"def unlearning(net, retain, forget, val):\n    1 / 0\n"}))
    call = CliRunner().invoke
    result = call(main, ["host", "--try", str(made), str(good), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["scores"]
    assert found["relative_score"] == scored.record.relative_score
    result = call(main, ["host", "--try", str(made), str(bad), "--output", str(tmp_path / "page")])
    assert result.exit_code == 3 and "raised" in result.stderr
    assert "raised" in (tmp_path / "page" / PAGE).read_text()


def test_a_bundle_that_is_not_sound_is_not_tried(made: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(made, broken)
    values = yaml.safe_load((broken / "competition.yaml").read_text())
    (broken / "competition.yaml").write_text(yaml.safe_dump({**values, "version": 1}))
    call = CliRunner().invoke
    result = call(main, ["host", "--try", str(broken), str(made / "solution")])
    assert result.exit_code == 2 and "version must be 2" in result.stderr
    result = call(main, ["host", "--lint", str(broken)])
    assert result.exit_code == 1 and "problem: version must be 2" in result.stderr
    for arguments in ([], ["tiny", "--lint", str(made)], ["tiny"]):
        assert call(main, ["host", *arguments]).exit_code == 2
    assert lint(made) == [] and N_MODELS == 4
