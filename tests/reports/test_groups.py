"""Parts of the forget set: their F, its error, and which are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.reports.figures import groups
from scorer.reports.figures.groups import parts_by
from scorer.reports.material import Material
from scorer.reports.pictures import Pictures


def test_parts_are_means_with_errors() -> None:
    labels = np.array([1, 0, 1, 0, 0])
    points = np.array([0.5, 0.0, 1.0, 0.2, 0.4])
    first, second = parts_by(labels, points, np.full(5, 0.25), "class ")
    assert (first.name, first.n_examples, first.quality) == ("class 0", 3, pytest.approx(0.2))
    assert first.error == pytest.approx(0.2 / np.sqrt(3))
    assert second.quality == pytest.approx(0.75) and second.ceiling == 0.25


def test_a_single_example_has_no_error() -> None:
    (part,) = parts_by(np.array(["a"]), np.array([0.5]), np.array([0.2]), "")
    assert part.error == 0.0 and part.name == "a"


def test_classes_and_subjects_are_drawn_where_they_are_known(material: Material) -> None:
    panels = list(groups.draw(material))
    assert [panel.name for panel in panels] == ["classes"]
    n = len(material.arrays["points"])
    who = Pictures(np.arange(n) % 3, np.arange(n), np.arange(n) % 5, None, "none")
    known = Material(material.record, material.group, material.arrays, who)
    panels = list(groups.draw(known))
    assert [panel.name for panel in panels] == ["classes", "subjects"]
    assert "F of 5 subjects" in panels[1].alternative


def test_of_many_subjects_those_furthest_below_their_ceiling_are_drawn(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_GROUPS", 3)
    n = len(material.arrays["points"])
    who = Pictures(np.zeros(n, int), np.arange(n), np.arange(n), None, "none")
    arrays = {**material.arrays, "points": np.linspace(0, 1, n), "ceiling_points": np.full(n, 0.5)}
    *_, panel = groups.draw(Material(material.record, material.group, arrays, who))
    names = [text.get_text() for text in panel.figure.axes[0].get_yticklabels()]
    assert names == ["subject 2 (1)", "subject 1 (1)", "subject 0 (1)"]
    assert f"{n - 3} nearer to their ceilings are left out" in panel.alternative
