"""One plan: what a score with some options tells, and what it takes here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from scorer.engines.base import Progress
from scorer.metric.detectable import detectable_epsilon, largest_certifiable_epsilon
from scorer.metric.rules import make_rule
from scorer.options import Options
from scorer.plan.cost import Cost, cost_of
from scorer.plan.here import look_around
from scorer.plan.power import LeastDifference, least_differences


@dataclass(frozen=True)
class Plan:
    """What is known of a score before any model is trained.

    Attributes:
        options: of the score.
        n_forget: examples to forget.
        path: how models are trained: "loop", or "stacked" with the number at once here.
        differences: how far apart two methods must be to be told apart.
        detectable_epsilon: smallest that one example shows, None where N is too small.
        certifiable_epsilon: largest that can be certified of one example, likewise.
        cost: what it takes.
    """

    options: Options
    n_forget: int
    path: str
    differences: list[LeastDifference]
    detectable_epsilon: float | None
    certifiable_epsilon: float | None
    cost: Cost

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        options = self.options
        about = {name: getattr(options, name) for name in ("task", "n_models", "rule", "design")}
        return {
            **about,
            "device": options.torch_device,
            "n_forget": self.n_forget,
            "path": self.path,
            "differences": [asdict(one) for one in self.differences],
            "detectable_epsilon": self.detectable_epsilon,
            "certifiable_epsilon": self.certifiable_epsilon,
            "cost": asdict(self.cost),
        }


def make_plan(options: Options, progress: Progress) -> Plan:
    """Return the plan of a score; nothing is trained but a few steps, which are timed.

    Raises:
        UsageError: a design that does not fit N.
        MissingData: the data set is not there.
        ScorerError: the data are damaged, the engine lacks what it needs, or memory holds no model.
    """
    here = look_around(options, progress)
    rule, n_models, cost = make_rule(options.rule), options.n_models, cost_of(here)
    k = f", {cost.k} at once" if here.path.name != "loop" else ""
    return Plan(
        options=options,
        n_forget=here.n_forget,
        path=f"{here.path.name}{k}",
        differences=least_differences(n_models, here.n_forget, rule),
        detectable_epsilon=detectable_epsilon(n_models, delta=rule.delta),
        certifiable_epsilon=largest_certifiable_epsilon(n_models, delta=rule.delta),
        cost=cost,
    )
