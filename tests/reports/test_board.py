"""The figure of the board: every row, or the best and what a reader looks for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from scorer.reports.figures import board
from scorer.reports.material import Material, Unavailable
from scorer.results.leaderboard import build_leaderboard
from tests.results._records import make_record


def of_board(own: str, scores: dict[str, float | None]) -> Material:
    """Return the material of a record among others."""
    records = [make_record(n, relative_score=s, final_score=s or 0.0) for n, s in scores.items()]
    (group,) = build_leaderboard(records).groups
    return Material(next(record for record in records if record.method == own), group)


def labels(material: Material) -> list[str]:
    """Return the names beside the axis, best first."""
    (panel,) = board.draw(material)
    return [text.get_text() for text in panel.figure.axes[0].get_yticklabels()][::-1]


def test_rows_are_ordered_by_score_with_ceiling_and_floor() -> None:
    found = labels(of_board("b", {"a": 0.9, "b": 0.5, "c": 0.7}))
    assert [name for name in found if name in "abc"] == ["a", "c", "b"]
    assert "ceiling" in found and "floor" in found


def test_of_many_rows_the_best_and_its_own_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MOST_ROWS", 6)
    scores = {f"m{place:02}": 0.9 - 0.01 * place for place in range(20)}
    material = of_board("m19", scores)
    found = labels(material)
    assert [name for name in found if name.startswith("m")] == ["m00", "m01", "m02", "m19"]
    (panel,) = board.draw(material)
    assert "16 worse methods are left out" in panel.alternative


def test_without_a_relative_score_it_says_so(tmp_path: Path) -> None:
    material = of_board("a", {"a": None, "b": 0.5})
    with pytest.raises(Unavailable, match="no relative score"):
        list(board.draw(material))
    with pytest.raises(Unavailable, match="no score to rank"):
        list(board.draw(dataclasses.replace(material, group=None)))
