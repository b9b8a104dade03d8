"""What each part of the project's own entry is worth: it is taken away and the rest is scored.

The entry is called directly, not through the runner. Its length follows from arithmetic, so all
variants take about the same share of a retraining but those of whom that is the question. What an
entry could know beside that, and what it would buy, is the bound: see `_entry_bound`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scorer.oracles.open import open_pool
from scorer.oracles.outputs import Bank
from scorer.settings import PROJECT_ROOT
from scorer.studies import _entry_bound_answers as bound_answers
from scorer.studies._entry_bound import Bound, Known, bound
from scorer.studies._entry_figures import bars, bound_bars
from scorer.studies._entry_models import Changes
from scorer.studies.base import Settings, Study
from scorer.studies.findings import Findings, ask
from scorer.studies.intervals import from_error
from scorer.studies.parts import Part, make_parts
from scorer.studies.scores import Score, score_banks
from scorer.studies.unlearning import SETS

Array = NDArray[np.float64]

ENTRY = PROJECT_ROOT / "submission" / "unlearn.py"

WHOLE = "the entry"

VARIANTS: dict[str, Changes] = {
    WHOLE: {},
    "all weights new": {"ANEW": 1.0},
    "no way back from the forget set": {"AWAY": 0.0},
    "all weights new and no way back": {"ANEW": 1.0, "AWAY": 0.0},
    "plain steps": {"DEAR": 0.0},
    "first convolution mixed too": {"keep_stem": False},
    "weights as long as mixing leaves them": {"keep_lengths": False},
    "batches of whatever classes": {"mix_classes": False},
    "margins left as they are": {"match_margins": False},
    "batches of 16": {"BATCH_SIZES": [[16, 16]] * 2},
    "batches of 64": {"BATCH_SIZES": [[64, 64]] * 2},
    "about half as many steps": {"SHARE": 0.112},
    "about twice as many steps, over the budget": {"SHARE": 0.255},
}
"""What is changed in the entry, by the name of the variant."""


@dataclass(frozen=True)
class Sizes:
    """How large the study is.

    Attributes:
        n_originals: which the runs start from in turn.
        n_models: oracles, controls and runs of each variant; a multiple of the originals.
        variants: names in `VARIANTS`, the whole entry first.
        n_rounds: in which networks without a slice of retain are made of each original, at least 2.
        n_slices: of retain, in each round; of as many networks each lacks one.
    """

    n_originals: int = 8
    n_models: int = 64
    variants: tuple[str, ...] = tuple(VARIANTS)
    n_rounds: int = 2
    n_slices: int = 4


QUICK = Sizes(
    n_originals=2, n_models=4, variants=(WHOLE, "first convolution mixed too"), n_slices=2
)


@dataclass(frozen=True)
class Ablation:
    """What a variant comes to.

    Attributes:
        share: of the multiply-adds of a retraining that a run takes.
        bias: mean over examples of the error of the mean confidence, in oracle sd.
        rms: its root mean square.
        log_spread: mean of the error of the logarithm of the spread over runs.
        score: of the variant.
    """

    share: float
    bias: float
    rms: float
    log_spread: float
    score: Score


def run(settings: Settings) -> Findings:
    """Compute, draw and answer."""
    sizes = QUICK if settings.quick else Sizes()
    ablations, reach = score_all(sizes, settings)
    found = STUDY.findings(settings, settings.options.torch_device)
    answer(found, ablations)
    bound_answers.answer(found, reach)
    found.add_figure(
        "relative_score", partial(bars, ablations),
        "Relative score of the entry and of what is left of it without a part; bars are 95 %"
        " intervals over models and examples.",
    )  # fmt: skip
    found.add_figure(
        "bound", partial(bound_bars, reach),
        "How far predictions of the mean margin of a forget example are from the oracles' (left;"
        " 1 is what one retrained model is off), and the relative score of the entry's runs with"
        " means or spreads changed (right); bars are 95 % intervals, over examples left, over"
        " models and examples right.",
    )  # fmt: skip
    found.notes.append("Intervals hold given the originals and the split.")
    return found


def score_all(sizes: Sizes, settings: Settings) -> tuple[dict[str, Ablation], Bound]:
    """Return every variant, scored against the oracles of the task, and what could be reached."""
    pool, engine = open_pool(settings.options, settings.progress)
    n = sizes.n_models
    wanted = {"original": sizes.n_originals, "oracle": n, "control": n}
    banks = pool.banks(wanted, engine, settings.progress)
    told = {
        "pool": pool.to_spec(),
        "n_originals": sizes.n_originals,
        "n_models": n,
        "source": ENTRY.read_text(),
    }
    parts = [
        Part("scorer.studies._entry_models:unlearned", {**told, "changes": VARIANTS[name]})
        for name in sizes.variants
    ]
    about = {**told, "n_rounds": sizes.n_rounds, "n_slices": sizes.n_slices}
    del about["n_models"], about["n_originals"]
    parts += [
        Part("scorer.studies._entry_bound_models:looked_at", {**about, "original": index})
        for index in range(sizes.n_originals)
    ]
    made = make_parts(parts, settings, pool.device)
    variants, looked_at = made[: len(sizes.variants)], made[len(sizes.variants) :]
    originals = [index % sizes.n_originals for index in range(n)]
    ablations = {}
    for name, arrays in zip(sizes.variants, variants, strict=True):
        bank = Bank({key: array for key, array in arrays.items() if key != "share"})
        scored = {"unlearned": bank, "oracle": banks["oracle"], "control": banks["control"]}
        retrained = banks["oracle"].confidence(), banks["control"].confidence()
        ablations[name] = Ablation(
            float(arrays["share"][0]),
            *errors(bank.confidence(), *retrained),
            score_banks(scored, originals),
        )
    whole = Bank({key: array for key, array in variants[0].items() if key != "share"})
    labels = {name: pool.task.labels(name).numpy() for name in SETS}
    known = [
        Known(
            margins_of(banks["original"].take([index])),
            labels,
            margins_of(whole.take(range(index, n, sizes.n_originals))),
            looked,
            ablations[WHOLE].share,
        )
        for index, looked in enumerate(looked_at)
    ]
    scored = {"unlearned": whole, "oracle": banks["oracle"], "control": banks["control"]}
    return ablations, bound(known, scored, originals, ablations[WHOLE].score)


def margins_of(bank: Bank) -> dict[str, Array]:
    """Return float64 confidences `(n_models, n)` of every set that a submission is given."""
    return {name: np.asarray(bank.confidence(name), dtype=np.float64) for name in SETS}


def answer(found: Findings, ablations: Mapping[str, Ablation]) -> None:
    """Add numbers, answers and the table."""
    whole = ablations[WHOLE].score
    for name, one in ablations.items():
        label = re.sub(r"\W+", "_", name)
        number = found.numbers[f"relative_score_{label}"] = one.score.relative_score
        if name == WHOLE:
            continue
        error = math.hypot(one.score.relative_score_se, whole.relative_score_se)
        less = from_error(
            whole.relative_score.value - number.value, error, number.n, "models a side"
        )
        found.numbers[f"entry_less_{label}"] = less
        found.answers.append(
            ask(
                f"Is the entry better than its variant with {name}?",
                less,
                yes="Its relative score is higher by {number}.",
                no="The variant is better: the difference is {number}.",
                unsure="The difference of the relative scores is {number}.",
            )
        )
    found.numbers["ceiling"] = whole.ceiling
    found.add_table(
        "Ablation",
        f"n={whole.relative_score.n} models a side, relative scores with their standard errors;"
        " errors of mean and log spread over runs in units of the oracles' spread.",
        ("variant", "compute / retrain", "relative score", "bias", "rms error", "log spread"),
        (
            (
                name,
                f"{one.share:.2f}",
                f"{one.score.relative_score.value:.2f} ± {one.score.relative_score_se:.2f}",
                f"{one.bias:+.2f}",
                f"{one.rms:.2f}",
                f"{one.log_spread:+.2f}",
            )
            for name, one in ablations.items()
        ),
        in_documents=True,
    )


def errors(unlearned: Array, oracle: Array, control: Array) -> tuple[float, float, float]:
    """Return bias and rms of the mean and bias of the log spread, against all retrained models.

    Args:
        unlearned: confidences `(n_models, n_examples)`.
        oracle: likewise.
        control: likewise.
    """
    retrained = np.concatenate([oracle, control])
    spread = retrained.std(axis=0, ddof=1)
    error = (unlearned.mean(axis=0) - retrained.mean(axis=0)) / spread
    log_spread = np.log(unlearned.std(axis=0, ddof=1) / spread)
    return float(error.mean()), float(np.sqrt((error**2).mean())), float(log_spread.mean())


STUDY = Study("entry", "what is each part of the project's own entry worth", run, tasks=("digits",))
