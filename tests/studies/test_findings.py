"""Numbers with intervals, answers that follow from them, and the files of a study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scorer.errors import ScorerError
from scorer.studies import Findings, Number
from scorer.studies.findings import FILE, TEXT, ask, ask_within, findings_page
from scorer.studies.kept import keep, render_study
from scorer.style import new_figure


def number(low: float, high: float) -> Number:
    return Number((low + high) / 2, low, high, 9, "networks", "mm", "made up")


@pytest.mark.parametrize(
    ("low", "high", "above", "verdict"),
    [
        (0.1, 0.3, 0.0, "yes"),
        (-0.3, -0.1, 0.0, "no"),
        (-0.1, 0.1, 0.0, "cannot tell"),
        (0.0, 0.2, 0.0, "cannot tell"),
        (0.1, 0.3, 0.5, "no"),
        (0.6, 0.7, 0.5, "yes"),
    ],
)
def test_the_interval_chooses_the_sentence(
    low: float, high: float, above: float, verdict: str
) -> None:
    sentences = {"yes": "More: {number}.", "no": "Less: {number}.", "unsure": "Who knows."}
    answer = ask("More?", number(low, high), above=above, **sentences)
    assert answer.verdict == verdict
    chosen = sentences[{"cannot tell": "unsure"}.get(verdict, verdict)]
    assert answer.sentence == chosen.format(number=number(low, high))
    if verdict != "cannot tell":
        assert "mm (95 % interval" in answer.sentence
        assert "n=9 networks" in answer.sentence


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.1, 0.2, "yes"),
        (0.3, 0.4, "no"),
        (-0.4, -0.3, "no"),
        (0.2, 0.3, "cannot tell"),
        (-0.3, 0.3, "cannot tell"),
        (-0.25, 0.1, "cannot tell"),
    ],
)
def test_near_is_a_question_with_two_ends(low: float, high: float, verdict: str) -> None:
    sentences = {"yes": "Near: {number}.", "no": "Far: {number}.", "unsure": "Who knows."}
    answer = ask_within("Near?", number(low, high), 0.25, **sentences)
    assert answer.verdict == verdict
    chosen = sentences[{"cannot tell": "unsure"}.get(verdict, verdict)]
    assert answer.sentence == chosen.format(number=number(low, high))


@pytest.mark.parametrize(
    ("value", "low", "high", "n"),
    [(float("nan"), 0, 1, 3), (0.5, 0, float("inf"), 3), (2.0, 0, 1, 3), (0.5, 0, 1, 0)],
)
def test_a_number_without_an_honest_interval_is_refused(
    value: float, low: float, high: float, n: int
) -> None:
    with pytest.raises(ScorerError, match="must be finite, within its interval"):
        Number(value, low, high, n, "networks")


@pytest.fixture
def found() -> Findings:
    """Return findings with one of everything."""
    findings = Findings("tides", "are there tides", "python -m scorer study tides")
    findings.numbers["height"] = number(1.0, 3.0)
    findings.answers.append(
        ask("Any?", number(1.0, 3.0), yes="By {number}.", no="None.", unsure="Maybe.")
    )
    findings.add_figure("sea", lambda: new_figure()[0], "The sea.")
    findings.add_table("Heights", "By day.", ("day", "height"), [("one", "2 | 3")])
    findings.notes.append("Measured at noon.")
    return findings


def test_everything_is_written(found: Findings, tmp_path: Path) -> None:
    folder = found.write(tmp_path / "tides")
    assert {path.name for path in folder.iterdir()} == {"sea.png", "sea.svg", FILE, TEXT}
    values = json.loads((folder / FILE).read_text())
    height = values["numbers"]["height"]
    assert (height["value"], height["low"], height["high"], height["n"]) == (2.0, 1.0, 3.0, 9)
    text = (folder / TEXT).read_text()
    assert "Are there tides?" in text
    assert "**Any?** Yes. By 2 mm (95 % interval 1 to 3, n=9 networks)." in text
    for piece in ("![sea](sea.png)", "The sea.", r"| one | 2 \| 3 |", "- Measured at noon.",
                  "`python -m scorer study tides`"):  # fmt: skip
        assert piece in text
    assert "mean nothing" not in text


def test_a_quick_run_says_that_it_means_nothing(found: Findings) -> None:
    found.quick = True
    assert "the answers mean nothing" in findings_page(found.as_dict())


def test_the_same_figure_gives_the_same_bytes(found: Findings, tmp_path: Path) -> None:
    folders = [found.write(tmp_path / name) for name in ("one", "two")]
    for name in ("sea.png", "sea.svg"):
        first, second = ((folder / name).read_bytes() for folder in folders)
        assert first == second


def test_what_is_kept_is_rendered(
    found: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scorer.studies.kept.PROJECT_ROOT", tmp_path)
    folder = tmp_path / "scorer" / "kept"
    found.files[tmp_path / "law.json"] = "{}\n"
    paths = keep(found, "tides-north", folder)
    assert [path.name for path in paths] == ["tides-north.json", "tides-north-sea.png", "law.json"]
    assert {path.name for path in folder.iterdir()} == {path.name for path in paths[:2]}
    assert paths[2].read_text() == "{}\n"
    text = render_study("tides-north", folder=folder)
    assert "![sea](../scorer/kept/tides-north-sea.png)" in text
    assert "**Any?** Yes." in text
    assert "is in `scorer/kept/tides-north.json`" in text
    with pytest.raises(ScorerError, match="study waves --save"):
        render_study("waves", folder=folder)
