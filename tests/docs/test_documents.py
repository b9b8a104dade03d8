"""What the documents say is so: tables fresh, links and commands real, code that runs."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import click
import numpy as np
import pytest
import torch

from data_prep import MissingData
from data_prep.__main__ import main as data_prep_main
from data_prep.splits import SPLIT_EDITION
from scorer.cli import main as scorer_main
from scorer.cli.readme import written
from scorer.engines import LocalEngine
from scorer.engines.base import no_progress
from scorer.kinds import KINDS
from scorer.options import Options
from scorer.results.schema import SCHEMA_VERSION
from scorer.runner.child.contract import make_loader
from scorer.runner.child.entry import call_of
from scorer.runner.child.roles import PLAIN
from scorer.settings import PROJECT_ROOT, default_data_dir
from scorer.tasks.load import load_task
from scorer.training.models import build_model
from scorer.training.recipe import RECIPE_VERSION
from tests.docs._documents import DOCUMENTS, anchors, commands, links, name_of, python_blocks

README = PROJECT_ROOT / "README.md"
BOARDS = sorted((PROJECT_ROOT / "baselines" / "leaderboards").glob("*.json"))
MAKEFILE = (PROJECT_ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
VARIABLES = {*re.findall(r"^# ([A-Z]+) = ##", MAKEFILE, re.MULTILINE), "PYTHON"}
PROGRAMS = {
    "python -m scorer": scorer_main,
    "python -m data_prep": data_prep_main,
}

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)


def typed(start: str) -> list[tuple[str, list[str]]]:
    """Return every command of that program in any document, with the words behind its name."""
    return [
        (name_of(path), shlex.split(line)[len(start.split()) :])
        for path in DOCUMENTS
        for line in commands(path.read_text())
        if f"{line} ".startswith(f"{start} ") and len(line.split()) > len(start.split())
    ]


def test_generated_tables_are_fresh() -> None:
    stale = [name_of(path) for path, text in written().items() if path.read_text() != text]
    assert not stale, "run `make readme`"


def test_every_kept_leaderboard_has_a_page_and_a_place_in_the_readme() -> None:
    assert BOARDS
    pages = [name_of(path.with_suffix(".md")) for path in BOARDS]
    assert set(pages) <= set(links(README.read_text()))


@pytest.mark.parametrize("path", BOARDS, ids=name_of)
def test_a_board_of_a_former_task_says_so(path: Path) -> None:
    kept = json.loads(path.read_text())
    options = Options(task=kept["identity"]["task"], data_dir=default_data_dir(), device="cpu")
    try:
        task = load_task(options, LocalEngine(1), no_progress)
    except MissingData as error:
        pytest.skip(str(error))
    assert ("note" in kept) == (kept["identity"]["fingerprint"] != task.fingerprint)


@each_document
def test_links_lead_somewhere(path: Path) -> None:
    for link in links(path.read_text()):
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), link
        assert not anchor or anchor in anchors(found.read_text()), link


def test_every_document_is_linked_from_the_readme() -> None:
    linked = {
        (PROJECT_ROOT / link.partition("#")[0]).resolve() for link in links(README.read_text())
    }
    wanted = {*DOCUMENTS, PROJECT_ROOT / "docs" / "metric.ipynb", PROJECT_ROOT / "LICENSE"}
    assert wanted - linked == {README}


def test_make_commands_are_targets_with_documented_variables() -> None:
    found = typed("make")
    assert len({words[0] for _, words in found}) >= 5
    for where, (target, *settings) in found:
        assert target in TARGETS, where
        assert {word.partition("=")[0] for word in settings} <= VARIABLES, where


@pytest.mark.parametrize("program", PROGRAMS)
def test_commands_parse(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("U.npy", "R.npy"):  # an option may ask for a file that exists
        Path(name).touch()
    found = typed(program)
    assert found
    for where, words in found:
        if words == ["--help"]:
            continue
        group = PROGRAMS[program]
        name, command, rest = group.resolve_command(click.Context(group), words)
        assert command is not None, where
        try:
            command.make_context(name, rest)
        except click.UsageError as error:
            pytest.fail(f"{where}: {program} {shlex.join(words)}: {error.format_message()}")


def test_the_documents_show_the_verbs_that_a_user_needs() -> None:
    shown = {words[0] for _, words in typed("python -m scorer")}
    assert {"ls", "metric", "compare", "bench", "oracles"} <= shown


def test_the_readme_is_read_in_a_minute() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) <= 140
    assert max(len(line) for line in lines if not line.startswith(("|", "*", "The best"))) <= 140
    headings = [line[3:] for line in lines if line.startswith("## ")]
    assert headings == ["Quickstart", "Add your method", "What the score means", "Tasks", "Limits",
                        "More"]  # fmt: skip


def test_the_method_of_the_readme_is_a_submission() -> None:
    (source,) = python_blocks(README.read_text())
    namespace: dict[str, object] = {}
    exec(compile(source, "README.md", "exec"), namespace)
    unlearning = namespace["unlearning"]
    assert call_of(unlearning, "unlearning", PLAIN) == PLAIN
    net = build_model("small_cnn", 1, 10, seed=0)
    before = [value.clone() for value in net.parameters()]
    loaders = [make_loader(torch.rand(64, 1, 8, 8), torch.arange(64) % 10) for _ in range(3)]
    after = unlearning(net, *loaders)  # type: ignore[operator]
    assert not after.training
    changed = [not torch.equal(*pair) for pair in zip(before, after.parameters(), strict=True)]
    assert any(changed)


def test_the_example_of_the_metric_runs() -> None:
    (source,) = python_blocks((PROJECT_ROOT / "docs" / "metric.md").read_text())
    namespace: dict[str, float] = {}
    exec(compile(source, "metric.md", "exec"), namespace)
    assert 0.1 < namespace["score"] < 0.3
    np.testing.assert_allclose(namespace["score"], namespace["ceiling"], atol=0.05)


def test_the_changelog_names_the_editions_of_the_code() -> None:
    text = (PROJECT_ROOT / "CHANGELOG.md").read_text()
    for name, value in (("SCHEMA_VERSION", SCHEMA_VERSION), ("RECIPE_VERSION", RECIPE_VERSION),
                        ("SPLIT_EDITION", SPLIT_EDITION)):  # fmt: skip
        (row,) = [line for line in text.splitlines() if f"`{name}`" in line]
        assert str(value) in [cell.strip() for cell in row.split("|")]


def test_contributing_lists_every_kind() -> None:
    text = (PROJECT_ROOT / "CONTRIBUTING.md").read_text()
    assert all(f"`{kind.file}`" in text and f"`{kind.like}`" in text for kind in KINDS.values())


@pytest.mark.parametrize("target", ["score", "check", "oracles", "leaderboard"])
def test_make_passes_the_task_on(target: str) -> None:
    call = ["make", "--dry-run", "--always-make", target, "TASK=fashion_mnist"]
    done = subprocess.run(call, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert f"-m scorer {target}" in done.stdout
    assert "--task fashion_mnist" in done.stdout
