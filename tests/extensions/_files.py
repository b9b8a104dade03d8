"""One small file of each kind, by the name of the kind: what the table of CONTRIBUTING asks for."""

from __future__ import annotations

NAME = "example_of_one"

METHOD = '''"""Do nothing but move the weights a little.

Year: 2026
"""

import torch


def unlearning(net, retain, forget, val):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
'''

TASK = '''"""Few digits, two epochs."""

from dataclasses import replace

from scorer.tasks import digits
from scorer.tasks.forget.example_of_one import ExampleOfOne

DEFINITION = replace(
    digits.DEFINITION,
    name="example_of_one",
    summary="few digits, two epochs",
    dataset="example_of_one",
    recipe=replace(digits.DEFINITION.recipe, epochs=2),
    n_val=40,
    n_test=60,
    forget=ExampleOfOne(n_examples=8),
)
'''

FORGET_SET = '''"""The first examples."""

from dataclasses import dataclass
from typing import ClassVar

from data_prep import forget_given
from scorer.tasks.forget.base import ForgetSet


@dataclass(frozen=True)
class ExampleOfOne(ForgetSet):
    """The first training examples."""

    name: ClassVar[str] = "example_of_one"
    summary: ClassVar[str] = "the first training examples"
    n_examples: int

    @property
    def size(self):
        return self.n_examples

    def split(self, material):
        parts = material.partition()
        return forget_given(parts, parts.train[: self.n_examples])
'''

SCENARIO = '''"""The first half of the forget set is requested, the rest is kept."""

from dataclasses import dataclass
from typing import ClassVar

from scorer.scenarios.base import Request, Scenario
from scorer.scenarios.streaming import forgetting


@dataclass(frozen=True)
class ExampleOfOne(Scenario):
    """Half of it."""

    name: ClassVar[str] = "example_of_one"
    summary: ClassVar[str] = "half of it"

    def requests(self, task):
        half = task.split.forget[: len(task.split.forget) // 2]
        first = Request(forgetting(task, half), half, is_last=False)
        return [first, Request(task, task.split.forget, after=first)]
'''

DATASET = '''"""The first 300 digits."""

from dataclasses import replace

from data_prep import digits


def load(data_dir):
    whole = digits.load(data_dir)
    return replace(
        whole,
        name="example_of_one",
        images=whole.images[:300],
        labels=whole.labels[:300],
        is_official_test=whole.is_official_test[:300],
    )
'''

RULE = '''"""Half the epsilon of rule exact."""

from dataclasses import replace

from scorer.metric.rules import exact


class ExampleOfOne(exact.ExactRule):
    """Half the epsilon of rule exact."""

    name = "example_of_one"

    def _search(self, unlearned, oracle):
        found = super()._search(unlearned, oracle)
        return replace(found, epsilons=found.epsilons / 2)
'''

MEASURE = '''"""The largest confidence."""

from scorer.measures.base import Measure, Measured, Measurement

MEASURE = Measure(
    name="example_of_one",
    summary="the largest confidence",
    needs=frozenset({"unlearned"}),
    compute=lambda evidence: Measured(
        {"largest_confidence": float(evidence.confidence("unlearned").max())}
    ),
    measurements=(
        Measurement("largest_confidence", "the largest", column="largest", score_line="largest"),
    ),
)
'''

FEATURE = '''"""The largest logit, and its mean as a number of the record."""

from scorer.features.base import Feature
from scorer.measures.base import Measure, Measured, Measurement

FEATURE = Feature(
    name="example_of_one",
    version=1,
    summary="the largest logit, float32",
    compute=lambda seen: seen.logits.max(axis=1),
)
MEASURE = Measure(
    name="example_of_one",
    summary="mean of the largest logit",
    needs=frozenset({"unlearned"}),
    compute=lambda evidence: Measured(
        {"mean_largest": float(evidence.banks["unlearned"].arrays["example_of_one_test"].mean())}
    ),
    measurements=(Measurement("mean_largest", "mean of the largest logit on test"),),
)
'''

ENGINE = '''"""All shards one after another, in the process of the command."""

import pkgutil

from scorer.engines.base import Engine


class ExampleOfOneEngine(Engine):
    """No process a shard."""

    name = "example_of_one"

    def run(self, function, specs, on_event):
        for spec in specs:
            pkgutil.resolve_name(function)(spec, on_event)
'''

SANDBOX = '''"""The tier process under another name."""

from scorer.runner.sandboxes import process


class ExampleOfOne(process.ProcessSandbox):
    """Another process."""

    name = "example_of_one"
    summary = "another process"
'''

BENCH = '''"""A bench that measures nothing."""

from scorer.bench.base import Bench


def measure(settings):
    report = BENCH.report(settings)
    report.add("nothing", "s", [1.0])
    return report


BENCH = Bench("example_of_one", "measures nothing", measure)
'''

STUDY = '''"""A study that finds one thing."""

from scorer.studies.base import Study
from scorer.studies.findings import Findings
from scorer.studies.intervals import mean_of
from scorer.style import new_figure


def run(settings):
    found = Findings(STUDY.name, STUDY.summary, "python -m scorer study example_of_one")
    found.numbers["one"] = mean_of([0.5, 1.5], "things")
    found.add_figure("nothing", lambda: new_figure()[0], "Nothing.")
    return found


STUDY = Study("example_of_one", "is there one thing", run)
'''

FIGURE = '''"""A figure with nothing in it."""

from scorer.reports.drawing import new_panel
from scorer.reports.figures.base import PageFigure, Panel


def draw(material):
    figure, axes = new_panel()
    yield Panel("", figure, f"Nothing of {material.record.method}.")


FIGURE = PageFigure("example_of_one", "nothing", "Nothing", "Good: nothing.", 65, draw)
'''

COMMAND = '''"""`example_of_one`: says hello."""

import click


@click.command()
def command():
    """Say hello."""
    click.echo("hello")
'''

FILES = {
    "methods": METHOD,
    "tasks": TASK,
    "rules": RULE,
    "measures": MEASURE.replace("example_of_one", "measure_of_one"),
    "features": FEATURE,
    "benches": BENCH,
    "studies": STUDY,
    "figures": FIGURE,
    "engines": ENGINE,
    "sandboxes": SANDBOX,
    "forget_sets": FORGET_SET,
    "scenarios": SCENARIO,
    "datasets": DATASET,
    "commands": COMMAND,
}
"""Content by kind. The measure has a name of its own, since the feature brings one too."""

NAMES = {**dict.fromkeys(FILES, NAME), "measures": "measure_of_one"}
