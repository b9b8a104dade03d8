"""What the numbers of a record say where the truth is known, and what fools which of them.

Laws of one confidence whose epsilon follows from their densities are drawn for single examples;
models that are not what oracles are, each in one way, for whole forget sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.simulated.fakes import FAKES
from scorer.studies import _known_truth_figures as figures
from scorer.studies._known_truth_laws import CASES, NOTHING
from scorer.studies._known_truth_parts import DELTA, NUMBERS, RHO
from scorer.studies.base import Settings, Study
from scorer.studies.findings import Findings, ask
from scorer.studies.intervals import mean_of, share_of
from scorer.studies.parts import Part, make_parts

PARTS = "scorer.studies._known_truth_parts"

LEVEL = 0.05
NOTICED, FOOLED = 0.8, 0.2
"""Power from which a number notices a fake, and up to which it is fooled."""

ABOVE_IS_WORSE = ("KLoM", "Jeffreys", "certified", "set-level AUC")
BELOW_IS_WORSE = ("competition", "exact", "distinct")
"""The others are worse on both sides of what fresh oracles get."""


@dataclass(frozen=True)
class Sizes:
    """How large the study is.

    Attributes:
        n_models: N of single examples, rising.
        n_repeats: examples of a law.
        n_sets: forget sets of a fake; of fresh oracles four times as many.
        n_models_of_set: N of those.
        n_examples: of those.
    """

    n_models: tuple[int, ...] = (64, 256)
    n_repeats: int = 400
    n_sets: int = 50
    n_models_of_set: int = 64  # of which some fakes are copies
    n_examples: int = 130


QUICK = Sizes(n_models=(16,), n_repeats=30, n_sets=3, n_examples=15)


@dataclass(frozen=True)
class LawFound:
    """What one law got.

    Attributes:
        law: its name.
        n_models: N.
        truth: its epsilon, infinite where no epsilon is large enough.
        competition: median epsilon by rule `competition`.
        exact: likewise by rule `exact`.
        bound: mean certified bound.
        n_above: bounds above the truth.
        n_positive: bounds above 0.
        n_told: examples that the permutation test tells at 5 %.
        n: examples.
    """

    law: str
    n_models: int
    truth: float
    competition: float
    exact: float
    bound: float
    n_above: int
    n_positive: int
    n_told: int
    n: int


def run(settings: Settings) -> Findings:
    """Compute, draw and answer."""
    sizes = QUICK if settings.quick else Sizes()
    laws, powers = compute(sizes, settings)
    found = STUDY.findings(settings)
    answer(found, laws, powers, sizes)
    found.add_figure(
        "powers", partial(figures.powers, powers, NUMBERS),
        "How often each number (column) notices models that are not oracles (row), of which fresh"
        f" oracles are mistaken for such in {LEVEL:.0%}: 1 is seen, {LEVEL:g} is fooled.",
    )  # fmt: skip
    largest = [one for one in laws if one.n_models == sizes.n_models[-1]]
    found.add_figure(
        "epsilons", partial(figures.epsilons, largest),
        f"Epsilon of single examples at N={sizes.n_models[-1]}: medians by both rules and the mean"
        " certified bound, beside the truth. Good is a rule at the truth, and a bound below it.",
    )  # fmt: skip
    add_tables(found, laws, powers)
    found.notes.append(
        f"Laws have delta {DELTA:g}; fakes are normal with a share {RHO} of the variance common to"
        f" all examples of a model, N={sizes.n_models_of_set}, S={sizes.n_examples}."
    )
    return found


def compute(sizes: Sizes, settings: Settings) -> tuple[list[LawFound], dict[str, dict[str, float]]]:
    """Return what every law got, and how often each number notices each fake."""
    laws = [(law, n) for n in reversed(sizes.n_models) for law in CASES]
    parts = [
        Part(f"{PARTS}:fake_part", {
            "fake": fake.name, "n_models": sizes.n_models_of_set, "n_examples": sizes.n_examples,
            "n_repeats": sizes.n_sets * (4 if fake is FAKES[0] else 1), "seed": place,
        })
        for place, fake in enumerate(FAKES)
    ]  # fmt: skip
    parts += [
        Part(f"{PARTS}:law_part", {
            "law": law, "n_models": n, "n_repeats": sizes.n_repeats, "seed": place,
        })
        for place, (law, n) in enumerate(laws)
    ]  # fmt: skip
    made = make_parts(parts, settings)
    of_fakes, of_laws = made[: len(FAKES)], made[len(FAKES) :]
    null = of_fakes[0]["readings"]
    powers = {
        fake.name: power(arrays["readings"], null)
        for fake, arrays in zip(FAKES, of_fakes, strict=True)
    }
    return [law_found(*each, arrays) for each, arrays in zip(laws, of_laws, strict=True)], powers


def power(readings: FloatArray, null: FloatArray) -> dict[str, float]:
    """Return how often a number is further off than in 95 % of sets of fresh oracles.

    Args:
        readings: `(n_repeats, len(NUMBERS))` of a fake.
        null: the same of fresh oracles.
    """
    found = {}
    for column, name in enumerate(NUMBERS):
        own, fresh = readings[:, column], null[:, column]
        if name in BELOW_IS_WORSE:
            own, fresh = -own, -fresh
        elif name not in ABOVE_IS_WORSE:
            center = np.median(fresh)
            own, fresh = np.abs(own - center), np.abs(fresh - center)
        found[name] = float((own > np.quantile(fresh, 1.0 - LEVEL)).mean())
    return found


def law_found(law: str, n_models: int, arrays: dict[str, np.ndarray]) -> LawFound:
    """Return what one law got, from its part."""
    truth, bound = float(arrays["truth"][0]), arrays["bound"]
    return LawFound(
        law=law,
        n_models=n_models,
        truth=truth,
        competition=float(np.median(arrays["competition"])),
        exact=float(np.median(arrays["exact"])),
        bound=float(bound.mean()),
        n_above=int((bound > truth).sum()),
        n_positive=int((bound > 0).sum()),
        n_told=int((arrays["p"] <= LEVEL).sum()),
        n=len(bound),
    )


def answer(
    found: Findings,
    laws: Sequence[LawFound],
    powers: dict[str, dict[str, float]],
    sizes: Sizes,
) -> None:
    """Add the numbers and what they say."""
    null = [one for one in laws if one.law in NOTHING]
    for rule in ("competition", "exact"):
        key = f"null_epsilon_{rule}"
        number = mean_of([getattr(one, rule) for one in null], "laws without a leak")
        found.numbers[key] = number
        found.answers.append(
            ask(
                f"Does rule `{rule}` give an epsilon above 0 where nothing leaks?",
                number,
                yes="Its median over examples: {number}. So F has a ceiling below 1.",
                no="Its median over examples: {number}.",
                unsure="Its median over examples: {number}.",
            )
        )
    asked = (
        ("above", "Do certified bounds exceed the truth more often than the promised 5 %?", laws),
        ("told", "Does the permutation test tell equal laws apart in more than 5 %?", null),
    )
    for key, question, of in asked:
        count = sum(getattr(one, f"n_{key}") for one in of)
        number = share_of(count, sum(one.n for one in of), "examples")
        found.numbers[f"share_{key}"] = number
        said = "In {number}."
        found.answers.append(ask(question, number, yes=said, no=said, unsure=said, above=LEVEL))
    fakes = list(powers)[1:]
    least = min(fakes, key=lambda name: powers[name]["competition"])
    hidden = min(fakes, key=lambda name: max(powers[name].values()))
    asked_of = (
        ("forgetting_quality", "Does F notice every kind of models that are not oracles?", least,
         powers[least]["competition"]),
        ("any", "Does some number notice every kind?", hidden, max(powers[hidden].values())),
    )  # fmt: skip
    for key, question, fake, share in asked_of:
        number = share_of(round(share * sizes.n_sets), sizes.n_sets, "forget sets")
        found.numbers[f"least_power_{key}"] = number
        said = f"Least for `{fake}`: {{number}}."
        found.answers.append(ask(question, number, yes=said, no=said, unsure=said, above=0.5))


def add_tables(
    found: Findings, laws: Sequence[LawFound], powers: dict[str, dict[str, float]]
) -> None:
    """Add what fools which number, and what every law got."""
    rows = []
    for fake, own in list(powers.items())[1:]:
        noticed = [name for name in NUMBERS if own[name] >= NOTICED]
        fooled = [name for name in NUMBERS if own[name] <= FOOLED]
        rows.append((fake, *(", ".join(names) or "-" for names in (noticed, fooled))))
    found.add_table(
        "What fools which number",
        f"Noticed: in at least {NOTICED:.0%} of the sets; fooled: in at most {FOOLED:.0%}. F by"
        " either rule is called by the rule's name.",
        ("models", "noticed by", "fooled"),
        rows,
        in_documents=True,
    )
    found.add_table(
        "Epsilon where it is known",
        "Medians over examples by both rules, mean certified bound; shares of bounds above the"
        " truth and above 0, and of examples that the permutation test tells at 5 %.",
        ("law", "N", "epsilon", *("competition", "exact", "bound"), "above the truth", "above 0",
         "told", "n"),
        (
            (
                one.law, str(one.n_models),
                *(f"{v:.2f}" for v in (one.truth, one.competition, one.exact, one.bound)),
                *(f"{k / one.n:.3f}" for k in (one.n_above, one.n_positive, one.n_told)),
                str(one.n),
            )
            for one in laws
        ),
    )  # fmt: skip


STUDY = Study("known_truth", "what do the numbers say where the truth is known", run)
