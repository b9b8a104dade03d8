"""What a study found: numbers with their intervals, answers that follow from them, pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scorer.errors import ScorerError
from scorer.machine import machine
from scorer.results.markdown import markdown_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FILE = "findings.json"
TEXT = "findings.md"


@dataclass(frozen=True)
class Number:
    """One number that was estimated, and what is certain about it.

    Attributes:
        value: the estimate.
        low: lower end of its 95 % interval.
        high: upper end.
        n: how many things it was estimated from.
        of: what these are, in the plural.
        unit: empty for a plain number.
        interval: how the interval was made.

    Raises:
        ScorerError: not finite, from nothing, or outside its interval.
    """

    value: float
    low: float
    high: float
    n: int
    of: str
    unit: str = ""
    interval: str = ""

    def __post_init__(self) -> None:
        finite = all(map(math.isfinite, (self.value, self.low, self.high)))
        if not finite or self.n < 1 or not self.low <= self.value <= self.high:
            raise ScorerError(
                "a number of a study must be finite, within its interval and of at least one thing,"
                f" got {self.value} in [{self.low}, {self.high}] of {self.n} {self.of}"
            )

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"{self.value:.3g}{unit} (95 % interval {self.low:.3g} to {self.high:.3g},"
            f" n={self.n} {self.of})"
        )


@dataclass(frozen=True)
class Answer:
    """A question and what the numbers say to it.

    Attributes:
        question: one sentence.
        verdict: "yes", "no" or "cannot tell".
        sentence: the one of three that the interval chose, with its numbers.
    """

    question: str
    verdict: str
    sentence: str


def ask(
    question: str, number: Number, *, yes: str, no: str, unsure: str, above: float = 0.0
) -> Answer:
    """Return the answer that the interval of a number gives to "is it above `above`?".

    Args:
        question: to which "yes" is the answer where the whole interval lies above.
        number: that decides.
        yes: sentence for an interval above, with `{number}` for the number and its interval.
        no: for one below.
        unsure: for one that holds `above`.
        above: what the number is held against.

    Example:
        >>> ask("More?", Number(2, 1, 3, 9, "nets"), yes="More.", no="Less.", unsure="?").verdict
        'yes'
    """
    if number.low > above:
        verdict, sentence = "yes", yes
    elif number.high < above:
        verdict, sentence = "no", no
    else:
        verdict, sentence = "cannot tell", unsure
    return Answer(question, verdict, sentence.format(number=number))


def ask_within(
    question: str, number: Number, reach: float, *, yes: str, no: str, unsure: str
) -> Answer:
    """Return the answer that the interval of a number gives to "is it between -reach and reach?".

    Args:
        question: to which "yes" is the answer where the whole interval lies between.
        number: that decides.
        reach: positive.
        yes: sentence for an interval between, with `{number}` for the number and its interval.
        no: for one that lies outside.
        unsure: for one that holds an end.
    """
    if -reach < number.low and number.high < reach:
        verdict, sentence = "yes", yes
    elif number.low > reach or number.high < -reach:
        verdict, sentence = "no", no
    else:
        verdict, sentence = "cannot tell", unsure
    return Answer(question, verdict, sentence.format(number=number))


@dataclass
class Findings:
    """Everything that a study found.

    Attributes:
        study: its name.
        summary: the question.
        command: makes it again.
        task: that was studied, None for none.
        quick: whether sizes were too small for the answers to mean anything.
        device: "cpu" or the model of the GPU that models were made on.
        numbers: by key.
        answers: in the order in which they are told.
        figures: by name, with their captions.
        tables: title, a sentence about it, heads and rows.
        notes: what was left out, and what holds only under conditions, a sentence each.
        files: text by path, of what was found that the kit itself reads; written where the findings
            are kept.
    """

    study: str
    summary: str
    command: str
    task: str | None = None
    quick: bool = False
    device: str = "cpu"
    numbers: dict[str, Number] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    figures: dict[str, tuple[Figure, str]] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: dict[Path, str] = field(default_factory=dict)

    def add_figure(self, name: str, draw: Callable[[], Figure], caption: str) -> None:
        """Draw a figure in the house style, and keep it with its caption."""
        from scorer.style import house_style

        with house_style():
            self.figures[name] = draw(), caption

    def add_table(
        self,
        title: str,
        about: str,
        heads: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        in_documents: bool = False,
    ) -> None:
        """Add a table; every row has a cell a head.

        With `in_documents` it stands in `docs/` too, where the findings are kept.
        """
        cells = [list(row) for row in rows]
        table = {"title": title, "about": about, "heads": list(heads), "rows": cells}
        self.tables.append(table | ({"in_documents": True} if in_documents else {}))

    def as_dict(self) -> dict[str, Any]:
        """Return everything but pictures and files as JSON values."""
        return {
            "study": self.study,
            "summary": self.summary,
            "command": self.command,
            "task": self.task,
            "quick": self.quick,
            "environment": machine(self.device),
            "numbers": {key: asdict(number) for key, number in self.numbers.items()},
            "answers": [asdict(answer) for answer in self.answers],
            "figures": {name: caption for name, (_, caption) in self.figures.items()},
            "tables": self.tables,
            "notes": self.notes,
        }

    def write(self, folder: Path) -> Path:
        """Write figures as PNG and SVG, the text, and last the numbers; return the folder.

        Args:
            folder: made where it is not there; files of the same names are replaced.
        """
        from scorer.style import save

        folder.mkdir(parents=True, exist_ok=True)
        for name, (figure, _) in self.figures.items():
            save(figure, folder / name)
        values = self.as_dict()
        (folder / TEXT).write_text(findings_page(values), encoding="utf-8")
        text = json.dumps(values, indent=1, allow_nan=False)
        (folder / FILE).write_text(f"{text}\n", encoding="utf-8")
        return folder


def error_reach(numbers: Sequence[Number]) -> np.ndarray:
    """Return what error bars take: `(2, n)`, how far intervals reach below and above."""
    return np.array([[each.value - each.low, each.high - each.value] for each in numbers]).T


def answers_markdown(values: Mapping[str, Any]) -> str:
    """Return the questions of a study and what was found, as a list."""
    return "\n".join(
        f"- **{one['question']}** {one['verdict'].capitalize()}. {one['sentence']}"
        for one in values["answers"]
    )


def table_markdown(table: Mapping[str, Any]) -> str:
    """Return what a table is about, and the table."""
    return f"{table['about']}\n\n{markdown_table(tuple(table['heads']), table['rows'])}"


def findings_page(values: Mapping[str, Any]) -> str:
    """Return the Markdown text of a study.

    Args:
        values: as `Findings.as_dict` gives them.
    """
    pieces = [f"# {values['study']}", f"{values['summary'].capitalize()}?"]
    if values["quick"]:
        pieces.append("A quick run: sizes are so small that the answers mean nothing.")
    pieces += [answers_markdown(values)]
    pieces += [f"![{name}]({name}.png)\n\n{said}" for name, said in values["figures"].items()]
    pieces += [f"## {one['title']}\n\n{table_markdown(one)}" for one in values["tables"]]
    pieces.append("\n".join(f"- {note}" for note in values["notes"]))
    pieces.append(made_by(values))
    return "\n\n".join(filter(None, pieces)) + "\n"


def made_by(values: Mapping[str, Any], file: str = FILE) -> str:
    """Return how and where a study was made, and which file has its numbers."""
    where = values["environment"]
    return (
        f"Made by `{values['command']}` on {where['device_name']}, Python {where['python']}, torch"
        f" {where['torch']}. Every number with its n and interval is in `{file}`."
    )
