"""A board of three small scores, and what a report of one is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.reports import cards
from scorer.reports.material import Material, gather_material
from scorer.reports.report import Report, make_report
from scorer.results.record import read_records
from tests.reports._scores import keep_score


@pytest.fixture(scope="session")
def board_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return results of three methods that are comparable."""
    folder = tmp_path_factory.mktemp("results")
    for method, shift in (("mine", 1.0), ("better", 0.0), ("worse", 3.0)):
        keep_score(folder, method, shift)
    return folder


@pytest.fixture(scope="session")
def material(board_dir: Path) -> Material:
    """Return what the report of the first of them is made of, without its data set."""
    return material_of(board_dir, "mine")


@pytest.fixture(scope="session")
def report(material: Material) -> Report:
    """Return the whole report of the first of them, which takes seconds to draw."""
    return make_report(material, "a command")


@pytest.fixture
def few_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one of the worst and one of the best examples, since each takes a tenth of a second."""
    monkeypatch.setattr(cards, "N_CARDS", 1)


def material_of(results_dir: Path, method: str) -> Material:
    """Return what the report of a method is made of."""
    records = read_records(results_dir).records
    record = next(record for record in records if record.method == method)
    nowhere = results_dir / "nowhere"
    return gather_material(record, records, results_dir, nowhere, nowhere)
