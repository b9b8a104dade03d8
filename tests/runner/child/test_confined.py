"""Where nothing else shuts a run in, Python opens and imports only what lies in its places."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scorer.runner.child import confined

TRIAL = """
import importlib, json, os, sys
sys.path.insert(0, sys.argv[1])
from confined import confine
own, theirs = sys.argv[2], sys.argv[3]
confine({sys.prefix: True, sys.base_prefix: True, "/": False, own: True, own + "/not": False})
def outcome(what):
    try:
        return repr(what())
    except Exception as error:
        return type(error).__name__
def load(folder, name):
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name).VALUE
    finally:
        sys.path.remove(folder)
os.symlink(theirs + "/mine.txt", own + "/link.txt")
os.chdir(own)
print(json.dumps({name: outcome(what) for name, what in {
    "own file": lambda: open(own + "/mine.txt").read(),
    "by a relative path": lambda: open("mine.txt").read(),
    "by its number": lambda: open(os.open("mine.txt", os.O_RDONLY)).read(),
    "a file of theirs": lambda: open(theirs + "/mine.txt").read(),
    "by bytes": lambda: os.open(os.fsencode(theirs + "/mine.txt"), os.O_RDONLY),
    "through a link": lambda: open("link.txt").read(),
    "through the folder above": lambda: open(f"../{os.path.basename(theirs)}/mine.txt").read(),
    "a place in a place": lambda: open("not/mine.txt").read(),
    "to write and read": lambda: open(theirs + "/mine.txt", "r+"),
    "what is not there": lambda: open(theirs + "/nowhere"),
    "to write": lambda: open(theirs + "/new.txt", "w").write("x"),
    "own module": lambda: load(own, "own_module"),
    "a module of theirs": lambda: load(theirs, "their_module"),
    "the library": lambda: importlib.import_module("wave").__name__,
}.items()}))
"""

READ, MODULE = "'text'", "'module'"
EXPECTED = {
    "own file": READ,
    "by a relative path": READ,
    "by its number": READ,
    "a file of theirs": "PermissionError",
    "by bytes": "PermissionError",
    "through a link": "PermissionError",
    "through the folder above": "PermissionError",
    "a place in a place": "PermissionError",
    "to write and read": "PermissionError",
    "what is not there": "FileNotFoundError",
    "to write": "1",
    "own module": MODULE,
    "a module of theirs": "ModuleNotFoundError",
    "the library": "'wave'",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    own, theirs = (tmp_path_factory.mktemp(name) for name in ("own", "theirs"))
    (own / "not").mkdir()
    for folder in (own, theirs, own / "not"):
        (folder / "mine.txt").write_text("text")
    (own / "own_module.py").write_text("VALUE = 'module'\n")
    (theirs / "their_module.py").write_text("VALUE = 'module'\n")
    child = Path(confined.__file__).parent
    call = [sys.executable, "-I", "-c", TRIAL, str(child), str(own), str(theirs)]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", EXPECTED)
def test_only_its_own_places_are_read(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name] == EXPECTED[name]
