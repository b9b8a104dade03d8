"""Nothing is scored by another file than the one that is there now."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scorer.files import Damaged
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.runner import inputs, load, packages
from scorer.runner.adapt.code import MAIN
from scorer.runner.adapt.read import code_of
from scorer.runner.folders import open_runs
from scorer.runner.host import SubmissionHost
from scorer.runner.load import Submission, find_submission
from scorer.runner.packages import packages_sha256
from scorer.runner.run import RunResults, run_submissions
from scorer.runner.sandboxes.process import ProcessSandbox
from scorer.secret import PUBLIC
from tests._engine import InlineEngine
from tests.runner._hosts import host_of, run_file

BESIDE = {
    "a module beside it": ("import helper", "helper.py"),
    "a module of a package beside it": (
        "from tools.rates import LR\nimport tools",
        "tools/rates.py",
    ),
    "a module in a folder that it adds": (
        'import sys\nsys.path.insert(0, "elsewhere")\nimport helper',
        "elsewhere/helper.py",
    ),
    "what its neighbour imports": ("import first", "second.py"),
    "what it imports in a function": ("def later():\n    import helper", "helper.py"),
}
BODY = "\nimport torch\ndef unlearning(net, retain, forget, val): net.fc.bias.data += {value}\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("")
    (tmp_path / "first.py").write_text("import second\n")
    return tmp_path / "mine.py"


@pytest.mark.parametrize("name", BESIDE)
def test_a_submission_is_another_when_a_file_that_it_imports_is(mine: Path, name: str) -> None:
    imports, beside = BESIDE[name]
    mine.write_text(imports + BODY.format(value=1))
    other = mine.parent / beside
    digests = []
    for text in ("LR = 0.1\n", "LR = 0.2\n", "LR = 0.1\n"):
        other.write_text(text)
        digests.append(find_submission(str(mine)).sha256)
    assert digests[0] == digests[2] != digests[1]


def score(pool: Pool, file: Path, **how: Any) -> RunResults:
    options = Options(n_models=2, sandbox="process", runs_secret=PUBLIC)
    place = file.parent / "runs"
    found = find_submission(str(file))
    (results,) = run_submissions([found], pool, options, InlineEngine(1), runs_dir=place, **how)
    return results


def test_runs_are_made_by_what_lies_there_now(tiny_pool: Pool, mine: Path) -> None:
    """As the commands do: the same name, the same folders, one constant of another file changed."""
    lies = 'import sys\nsys.path.insert(0, "elsewhere")\nimport helper'
    mine.write_text(lies + BODY.format(value="helper.LR * torch.arange(10)"))
    banks = []
    for rate in (1, 2, 1):
        (mine.parent / "elsewhere" / "helper.py").write_text(f"LR = {rate}\n")
        results = score(tiny_pool, mine)
        assert results.bank is not None, results.faults
        banks.append(results.bank.confidence().tobytes())
    assert banks[0] == banks[2] != banks[1]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of packages with one package and one module in it."""
    folder = tmp_path / "site-packages"
    (folder / "theirs" / "part").mkdir(parents=True)
    for name in ("theirs/__init__.py", "theirs/part/rates.py", "single.py", "numpy.py"):
        (folder / name).write_text("LR = 0.1\n")
    monkeypatch.setattr(packages, "package_folders", lambda: [folder])
    return folder


IMPORTS = {
    "theirs/part/rates.py": "from theirs.part import rates",
    "theirs/__init__.py": "def later():\n    import theirs as t",
    "single.py": "try:\n    import single\nexcept ImportError: pass",
}


@pytest.mark.parametrize("changed", IMPORTS)
def test_runs_lie_apart_by_the_packages_that_they_import(
    installed: Path, tiny_pool: Pool, mine: Path, changed: str
) -> None:
    mine.write_text(IMPORTS[changed] + BODY.format(value=1))
    found, options = find_submission(str(mine)), Options(n_models=2, sandbox="process")

    def root() -> Path:
        return open_runs(mine.parent / "runs", found, tiny_pool, options).root

    before = root()
    assert root() == before
    (installed / changed).write_text("LR = 0.2\n")
    assert root() != before


@pytest.mark.parametrize(
    "source", ["import torch, numpy, json", "import nowhere", "from . import theirs", "((("]
)
def test_what_is_the_kits_or_not_there_keeps_the_name(installed: Path, source: str) -> None:
    assert packages_sha256(code_of({MAIN: source.encode()})) == ""


def test_what_lies_beside_a_file_goes_before_what_is_installed(installed: Path) -> None:
    code = code_of({MAIN: b"import single", "single.py": b""})
    assert packages_sha256(code) == ""


@pytest.fixture(scope="module")
def host(tiny_pool: Pool) -> Iterator[SubmissionHost]:
    with host_of(tiny_pool, ProcessSandbox(), timeout_s=60.0) as started:
        yield started


def test_baselines_that_change_while_runs_are_made_stop_them(
    host: SubmissionHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    baselines = tmp_path / "baselines"
    shutil.copytree(load.BASELINES, baselines, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(inputs, "BASELINES", baselines)
    found = Submission.read(baselines / "finetune.py", baselines)
    host.set_code(found.code, "finetune.py")
    with (baselines / "common.py").open("a") as file:
        file.write("# another\n")
    with pytest.raises(Damaged, match="must stay as it is while it is run"):
        host.set_code(found.code, "finetune.py")
    again = Submission.read(baselines / "finetune.py", baselines)
    assert again.sha256 != found.sha256
    host.set_code(again.code, "finetune.py")


def test_no_tier_lets_a_run_read_what_nobody_has_hashed(
    host: SubmissionHost, tmp_path: Path
) -> None:
    (tmp_path / "prior.txt").write_text("0.1")
    (tmp_path / "unseen.py").write_text("LR = 0.1\n")
    start, end = "import sys\n", "\ndef unlearning(net, retain, forget, val): pass\n"
    read = f"PRIOR = open({str(tmp_path / 'prior.txt')!r}).read()"
    _, answer = run_file(host, start + read + end)
    assert answer["fault"] == "import_error"
    assert "Let the submission be a folder with it inside" in answer["message"]
    hidden = f"sys.path.insert(0, ''.join({list(str(tmp_path))}))\n__import__('unseen')"
    _, answer = run_file(host, start + hidden + end)
    assert answer["fault"] == "import_error" and "No module named 'unseen'" in answer["message"]
    scratch = "open('own', 'w').write('1')\nassert open('own').read() == '1'\nimport wave"
    _, answer = run_file(host, start + scratch + end)
    assert answer["fault"] is None, answer


LEFT = {
    "a folder": "import tempfile\nF = tempfile.mkdtemp()\nopen(F + '/x', 'w').write('x')",
    "a named file": (
        "import tempfile\nwith tempfile.NamedTemporaryFile('w', delete=False) as f: f.write('x')\n"
        "assert open(f.name).read() == 'x'"
    ),
    "a folder by another way": (
        "import os, tempfile\nF = tempfile.TemporaryDirectory(); F._finalizer.detach()\n"
        "assert os.path.dirname(F.name) == os.getcwd() == tempfile.gettempdir()"
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_a_run_leaves_in_its_temporary_folder_is_its_own(
    host: SubmissionHost, name: str
) -> None:
    end = "\ndef unlearning(net, retain, forget, val):\n    raise KeyError('mine')\n"
    _, answer = run_file(host, LEFT[name] + end)
    assert (answer["fault"], answer["message"]) == ("raised", "KeyError: 'mine'"), answer
