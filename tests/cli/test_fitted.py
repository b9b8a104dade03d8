"""Tables on the terminal that there is: none is wider, no number is cut, no stream is needed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from scorer.cli._fitted import fitted
from scorer.kinds import KINDS
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import save_record
from scorer.results.tables import group_table, record_tables
from tests.results._records import make_record

LONG = "a_method_with_quite_a_long_name_of_its_own"


def tables() -> list[Table]:
    """Return a leaderboard, a score, and what to mend."""
    records = [make_record(name) for name in (LONG, "finetune", "catastrophic_forgetting_k")]
    groups = build_leaderboard(records).groups
    return [*map(group_table, groups), *record_tables(records[0])]


def drawn(table: Table, width: int, encoding: str = "utf-8") -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, height=25, no_color=True, markup=False)
    console.print(*fitted(table, width, encoding))
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_no_table_is_wider_and_no_number_is_cut(width: int, which: int) -> None:
    table = tables()[which]
    text = drawn(table, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for column in table.columns:
        for cell in column.cells:
            number = str(cell)
            if "±" in number or number.replace(".", "").isdigit():
                assert number in text, "numbers stand on one line"


def test_a_wide_terminal_has_the_table_in_one_piece() -> None:
    (board,) = fitted(tables()[0], 200)
    assert [str(c.header) for c in board.columns] == [str(c.header) for c in tables()[0].columns]
    assert len(list(fitted(tables()[0], 80))) == 2


def test_each_part_says_what_its_lines_are_of() -> None:
    parts = list(fitted(tables()[0], 60))
    assert len(parts) > 2
    for part in parts:
        assert list(part.columns[1].cells) == list(tables()[0].columns[1].cells)
    assert parts[0].title and not any(part.title for part in parts[1:])
    shown = [str(column.header) for part in parts for column in part.columns[2:]]
    assert shown == [str(column.header) for column in tables()[0].columns[2:]]


def test_names_are_folded_and_stay_whole() -> None:
    table = Table()
    for name in ("name", "about"):
        table.add_column(name, overflow="fold", no_wrap=name == "name")
    names = [row["name"] for row in KINDS["methods"].rows()]
    for name in names:
        table.add_row(name, "%" * 200)
    text = drawn(table, 60)
    assert all(f" {name} " in text for name in names)
    assert text.count("%") == 200 * len(names)


@pytest.mark.parametrize(("encoding", "sign"), [("ascii", "+-"), ("latin-1", "+-"), ("utf-8", "±")])
def test_signs_are_spelled_where_the_encoding_lacks_them(encoding: str, sign: str) -> None:
    text = drawn(tables()[0], 80, encoding)
    assert f"0.250 {sign} 0.250" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.fixture(scope="module")
def results_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("results"), np.random.default_rng(0)
    oracle = rng.normal(size=(64, 5))
    for name in ("one", "two"):
        arrays = {"unlearned_confidence": rng.normal(size=(64, 5)), "oracle_confidence": oracle}
        save_record(make_record(name), arrays, None, folder)
    return folder


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_fail_nothing(results_dir: Path, closed: str) -> None:
    call = f'"{sys.executable}" -m scorer leaderboard --results-dir "{results_dir}" {closed}'
    done = subprocess.run(["sh", "-c", call], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_terminal_that_knows_nothing_has_its_width(results_dir: Path) -> None:
    """Rich takes a dumb terminal for one of 80 columns; this one has 60, and knows ASCII only."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    call = [sys.executable, "-m", "scorer", "leaderboard", "--results-dir", str(results_dir)]
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "60", "PYTHONIOENCODING": "ascii"}
    # Read after its end: what is printed fits into the buffer of a terminal.
    done = subprocess.run(call, stdout=theirs, stderr=subprocess.PIPE, text=True, env=environment)
    os.close(theirs)
    text = os.read(ours, 2**16).decode("ascii")
    os.close(ours)
    assert done.returncode == 0, done.stderr
    lines = [line.rstrip("\r") for line in text.splitlines()]
    assert lines and max(map(len, lines)) <= 60
    assert "0.250 +- 0.250" in text
