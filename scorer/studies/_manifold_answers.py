"""What the numbers of the study `manifold` say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scorer.studies._models import loss_of
from scorer.studies._views import VIEWS
from scorer.studies.findings import Findings, Number, ask
from scorer.studies.intervals import mean_of, rank_correlation, share_of

if TYPE_CHECKING:
    from scorer.studies._attacks import Attacked
    from scorer.studies.manifold import Seen

SIGNIFICANCE = 0.05


def answer(found: Findings, seen: Seen, ceiling: str, floor: str) -> None:
    """Add numbers, answers and the table."""
    for row, by_view in seen.attacks.items():
        for view, one in by_view.items():
            label = f"{row}_{view}".replace(" ", "_")
            found.numbers[f"auc_{label}"] = mean_of(one.aucs, "examples")
            found.numbers[f"epsilon_lb_{label}"] = mean_of(one.epsilons_lb, "examples")
            found.numbers[f"set_level_auc_{label}"] = set_level_number(one)
    methods = [row for row in seen.attacks if row not in (ceiling, floor)]
    _on_passing(found, seen, methods)
    if len(methods) > 1:
        for view in VIEWS[1:]:
            _on_view(found, seen, methods, view)
    _on_variance(found, seen)
    found.add_table(
        "Attacks",
        "AUC on single forget examples, mean; in brackets the certified epsilon, mean over"
        " examples.",
        ("", *VIEWS),
        (
            (
                row,
                *(
                    f"{one.aucs.mean():.3f} ({one.epsilons_lb.mean():.2f})"
                    for one in by_view.values()
                ),
            )
            for row, by_view in seen.attacks.items()
        ),
    )


def set_level_number(one: Attacked) -> Number:
    """Return a set-level AUC, with the interval that its permutations give about it.

    That is the spread of the AUC where nothing is to be found; where much is, it is too wide.
    """
    auc, exchanged = one.set_level.auc, one.set_level.values
    below, above = np.quantile(exchanged - exchanged.mean(), [0.025, 0.975])
    low, high = auc - max(0.0, float(above)), auc - min(0.0, float(below))
    return Number(auc, low, high, one.n_models, "models a side", "", "spread under exchange")


def _on_passing(found: Findings, seen: Seen, methods: list[str]) -> None:
    """Ask which methods the loss takes for retraining and another view does not."""
    caught = {
        row: [view for view, p in seen.p_values[row].items() if p <= SIGNIFICANCE]
        for row in methods
    }
    fooling = [row for row, views in caught.items() if views and "loss" not in views]
    passing = [row for row, views in caught.items() if not views]
    found.numbers["share_pass_loss_only"] = share_of(len(fooling), len(methods), "methods")
    found.numbers["share_pass_everything"] = share_of(len(passing), len(methods), "methods")
    named = ", ".join(f"`{row}` (by {', '.join(caught[row])})" for row in fooling)
    found.answers.append(
        ask(
            "Does some method pass the set-level attack on the loss and fail another?",
            found.numbers["share_pass_loss_only"],
            yes=f"{len(fooling)} of {len(methods)}: {named}. The share is {{number}}.",
            no="",
            unsure=f"None of {len(methods)} did; the share of such methods is {{number}}.",
        )
    )


def _on_view(found: Findings, seen: Seen, methods: list[str], view: str) -> None:
    """Ask whether a view tells more of single examples than the loss does."""
    more = [
        seen.attacks[row][view].aucs.mean() - seen.attacks[row]["loss"].aucs.mean()
        for row in methods
    ]
    number = found.numbers[f"auc_{view}_less_loss"] = mean_of(more, "methods")
    says = {"augmented": "do logits under augmentation", "probabilities": "do all probabilities",
            "logits": "do the logits", "features": "do the features",
            "gradient": "does the last layer's gradient"}[view]  # fmt: skip
    found.answers.append(
        ask(
            f"Example by example, {says} tell more than the loss?",
            number,
            yes="The AUC is higher by {number}.",
            no="The AUC is lower: the difference is {number}.",
            unsure="The difference of the AUC is {number}.",
        )
    )


def _on_variance(found: Findings, seen: Seen) -> None:
    """Ask whether examples that vary over models have a larger loss."""
    for name, confidences in seen.confidences.items():
        losses = loss_of(confidences).mean(axis=0)
        number = rank_correlation(confidences.var(axis=0), losses, "examples")
        found.numbers[f"variance_with_loss_{name}"] = number
        found.answers.append(
            ask(
                f"Do examples of the {name} set whose confidence varies more over models have a"
                " larger loss?",
                number,
                yes="Rank correlation {number}.",
                no="They have a smaller one: rank correlation {number}.",
                unsure="Rank correlation {number}.",
            )
        )
