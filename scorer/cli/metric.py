"""`metric`: score arrays that were made elsewhere."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from scorer.cli._common import json_option, options, say, show_json
from scorer.errors import UsageError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def load_array(path: Path) -> np.ndarray:
    """Return the array of an .npy file.

    Raises:
        UsageError: not an .npy file of numbers; nothing pickled is read.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, MemoryError) as error:
        raise UsageError(f"{path} must be an .npy file of numbers: {error}") from error
    if not isinstance(array, np.ndarray):
        raise UsageError(f"{path} must be an .npy file of one array, got an .npz of several")
    return array


@click.command()
@click.option("--unlearned", required=True, type=FILE)
@click.option("--oracle", required=True, type=FILE)
@options("rule")
@click.option("--delta", default=1e-5, help="of (epsilon, delta)", show_default=True)
@json_option
def command(unlearned: Path, oracle: Path, rule: str, delta: float, as_json: bool) -> None:
    """Score two .npy arrays (n_models, n_examples) of logit-scaled confidences.

    \b
    Examples:
      python -m scorer metric --unlearned U.npy --oracle R.npy
      python -m scorer metric --unlearned U.npy --oracle R.npy --rule exact --json
    """
    from scorer.measures.tiny_spread import WARNING
    from scorer.metric.diagnosis import tiny_spread_share
    from scorer.metric.forgetting import forgetting_quality
    from scorer.metric.rules import make_rule

    arrays = load_array(unlearned), load_array(oracle)
    try:
        chosen = make_rule(rule, delta=delta)
        quality = forgetting_quality(*arrays, chosen)
    except ValueError as error:
        raise UsageError(str(error)) from error
    n_models, n_examples = arrays[0].shape
    about = {"rule": chosen.name, "delta": chosen.delta, "n_models": n_models}
    share = tiny_spread_share(*arrays, chosen.min_spread)
    warnings = [WARNING.format(value=share)] if share else []
    for one in warnings:
        say(f"warning: {one}", err=True)
    if as_json:
        found = {"epsilons": quality.epsilons.tolist(), "forgetting_quality": quality.value}
        doubts = {"tiny_spread_share": share, "warnings": warnings}
        show_json({**about, "n_examples": n_examples, **found, **doubts})
        return
    median = float(np.median(quality.epsilons))
    say(
        f"F = {quality.value:.4f}, median epsilon {median:.3f} (N={n_models} models,"
        f" {n_examples} examples, rule {chosen.name}, delta {chosen.delta:g});"
        " retrained models do not reach 1: compare with a second bank of oracles"
    )
