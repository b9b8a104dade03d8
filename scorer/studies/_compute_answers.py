"""What the numbers of the study `compute` say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scorer.options import Options
from scorer.studies.findings import Findings, Number, ask
from scorer.studies.intervals import from_error

if TYPE_CHECKING:
    from scorer.studies.compute import Place, Series

BUDGET = Options.budget
"""The share that a submission may take unless told otherwise."""


def less(one: Place, other: Place, n_choices: int = 1) -> Number:
    """Return the difference of two relative scores.

    Both are held against the same oracles, which is left out of account: that errs to the safe
    side. Where the first is the best of several its interval is widened for all of them.
    """
    value = one.score.relative_score.value - other.score.relative_score.value
    error = math.hypot(one.score.relative_score_se, other.score.relative_score_se)
    return from_error(value, error, one.score.relative_score.n, "models a side", best_of=n_choices)


def answer(found: Findings, series: Series, methods: Sequence[str]) -> None:
    """Add numbers, answers and the table."""
    for name, places in series.items():
        for share, place in places.items():
            label = f"{name}_at_{100 * share:g}_percent"
            found.numbers[f"relative_score_{label}"] = place.score.relative_score
            found.numbers[f"forgetting_quality_{label}"] = place.score.forgetting_quality
    found.numbers["ceiling"] = next(iter(series["annealed"].values())).score.ceiling
    at = min(series["annealed"], key=lambda share: abs(share - BUDGET))
    percent = f"{100 * at:g} %"
    planned = series["annealed"][at]
    number = found.numbers["annealed_less_cut_off"] = less(planned, series["cut_off"][at])
    found.answers.append(
        ask(
            f"At {percent} of a retraining, is one that is planned for the share better than one"
            " that is broken off?",
            number,
            yes="Its relative score is higher by {number}.",
            no="The one that is broken off is better: the difference is {number}.",
            unsure="The difference of their relative scores is {number}.",
        )
    )
    for start, said in (("warm", "the original's weights"), ("shrunk", "shrunk weights")):
        number = found.numbers[f"{start}_less_annealed"] = less(series[start][at], planned)
        found.answers.append(
            ask(
                f"At {percent}, is it better to start from {said} than from new ones?",
                number,
                yes="The relative score is higher by {number}.",
                no="New weights are better: the difference is {number}.",
                unsure="The difference of the relative scores is {number}.",
            )
        )
    best = max(methods, key=lambda name: series[name][at].score.relative_score.value)
    number = found.numbers["best_method_less_annealed"] = less(
        series[best][at], planned, len(methods)
    )
    found.answers.append(
        ask(
            f"At {percent}, does any of {', '.join(methods)} beat a retraining planned for it?",
            number,
            yes=f"`{best}`, by a relative score higher by {{number}}.",
            no=f"The best of them is `{best}`, and the difference is {{number}}.",
            unsure=f"The best of them is `{best}`, and the difference is {{number}}.",
        )
    )
    found.add_table(
        "Relative scores",
        "By the share of a retraining's multiply-adds that was asked for; in brackets what methods"
        " came to. ± is the half width of the 95 % interval.",
        ("", *(f"{100 * share:g} %" for share in series["annealed"])),
        (
            (
                f"`{name}`",
                *(_cell(place, name in methods) for place in places.values()),
            )
            for name, places in series.items()
        ),
    )


def _cell(place: Place, is_method: bool) -> str:
    """Return one relative score as the table shows it."""
    score = place.score.relative_score
    taken = f" ({100 * place.share:.0f} %)" if is_method else ""
    return f"{score.value:.2f} ± {score.high - score.value:.2f}{taken}"
