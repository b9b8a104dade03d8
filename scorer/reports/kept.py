"""The arrays beside a record, held against it before anything of them is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scorer.errors import ScorerError
from scorer.metric.arrays import check_same_shape
from scorer.metric.rules import make_rule
from scorer.results.provenance import bank_sha256
from scorer.results.record import Record, arrays_path, read_arrays

BANK = "_confidence"
PER_EXAMPLE = ("epsilons", "points", "ceiling_points", "stratum", "low_threshold", "high_threshold")
MOST_SCORED_AGAIN = 64
"""Examples whose epsilon is computed again to see that the arrays are the record's."""

TOLERANCE = 1e-6

Arrays = Mapping[str, np.ndarray]


def read_kept(record: Record, results_dir: Path) -> Arrays:
    """Return the arrays of a record that has a score.

    Raises:
        ScorerError: they are missing, cut short, of other shapes than the record says, or do not
            give its numbers.
    """
    arrays = read_arrays(record, results_dir)
    try:
        _check(record, arrays)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        said = f"no array {error}" if isinstance(error, KeyError) else error
        raise ScorerError(
            f"{arrays_path(record, results_dir)} must hold the arrays of the record beside it, got:"
            f" {said}; score the method again"
        ) from error
    return arrays


def _check(record: Record, arrays: Arrays) -> None:
    """Raise where arrays are not those that the record was made of."""
    named = {name: array for name, array in arrays.items() if name.endswith(BANK)}
    for needed in ("unlearned", "oracle"):
        if needed + BANK not in named:
            raise KeyError(needed + BANK)
    banks = dict(zip(named, check_same_shape(**named), strict=True))
    n_models, n_examples = banks[f"oracle{BANK}"].shape
    if not np.isfinite(arrays["ceiling_points"]).all():
        raise ValueError("points of the ceiling that are not finite")
    if n_models != record.n_models:
        raise ValueError(f"{n_models} models in place of {record.n_models}")
    for name in PER_EXAMPLE:
        if arrays[name].shape != (n_examples,):
            raise ValueError(f"{name} of shape {arrays[name].shape} in place of ({n_examples},)")
    digest = bank_sha256({name.removesuffix(BANK): bank for name, bank in banks.items()})
    if record.bank_sha256 is not None and digest not in (None, record.bank_sha256):
        raise ValueError("oracles and controls of another digest than the record's")
    _check_scores(record, arrays)


def _check_scores(record: Record, arrays: Arrays) -> None:
    """Raise where the arrays give another F, or some examples another epsilon."""
    rule = make_rule(record.rule, delta=record.delta)
    epsilons = arrays["epsilons"].astype(np.float64)
    if not ((epsilons >= 0) & np.isfinite(epsilons)).all():
        raise ValueError("an epsilon that is negative or not finite")
    points = rule.points(epsilons, record.n_models)
    if not np.allclose(points, arrays["points"], rtol=0, atol=TOLERANCE):
        raise ValueError("other points than the epsilons beside them give")
    quality = float(points.mean())
    if not np.isclose(quality, record.forgetting_quality, rtol=0, atol=TOLERANCE):
        raise ValueError(f"F {quality:.6f} in place of {record.forgetting_quality:.6f}")
    n_examples = len(points)
    some = np.unique(np.linspace(0, n_examples - 1, min(n_examples, MOST_SCORED_AGAIN)).astype(int))
    banks = (arrays[f"{role}{BANK}"][:, some] for role in ("unlearned", "oracle"))
    again = rule.epsilons(*banks).epsilons
    if not np.allclose(again, epsilons[some], rtol=0, atol=TOLERANCE):
        raise ValueError("confidences that give other epsilons than those beside them")
