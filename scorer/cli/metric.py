"""`metric`: score arrays that were made elsewhere."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from scorer.cli._common import json_option, options, say, show_json
from scorer.errors import UsageError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--unlearned", required=True, type=FILE)
@click.option("--oracle", required=True, type=FILE)
@options("rule")
@click.option("--delta", default=1e-5, help="of (epsilon, delta)", show_default=True)
@json_option
def command(unlearned: Path, oracle: Path, rule: str, delta: float, as_json: bool) -> None:
    """Score two arrays (n_models, n_examples) of logit-scaled confidences.

    Each is an .npy, or an .npz of one array; or the .npz of a record, of which the unlearned
    models' or the oracles' confidences are taken.

    \b
    Examples:
      python -m scorer metric --unlearned U.npy --oracle R.npy
      python -m scorer metric --unlearned U.npy --oracle R.npy --rule exact --json
    """
    from scorer.cli._arrays import doubts, load_bank
    from scorer.measures.tiny_spread import WARNING
    from scorer.metric.diagnosis import tiny_spread_share
    from scorer.metric.forgetting import forgetting_quality
    from scorer.metric.rules import make_rule

    try:
        chosen = make_rule(rule, delta=delta)
        arrays = load_bank(unlearned, "unlearned"), load_bank(oracle, "oracle")
        quality = forgetting_quality(*arrays, chosen)
    except ValueError as error:
        raise UsageError(str(error)) from error
    n_models, n_examples = arrays[0].shape
    about = {"rule": chosen.name, "delta": chosen.delta, "n_models": n_models}
    share = tiny_spread_share(*arrays, chosen.min_spread)
    warnings = [WARNING.format(value=share)] if share else []
    is_in_doubt = chosen.min_spread > 0 and not share
    warnings += doubts(*arrays, rule=chosen.name, is_in_doubt=is_in_doubt)
    for one in warnings:
        say(f"warning: {one}", err=True)
    if as_json:
        found = {"epsilons": quality.epsilons.tolist(), "forgetting_quality": quality.value}
        said = {"tiny_spread_share": share, "warnings": warnings}
        show_json({**about, "n_examples": n_examples, **found, **said})
        return
    median = float(np.median(quality.epsilons))
    say(
        f"F = {quality.value:.4f}, median epsilon {median:.3f} (N={n_models} models,"
        f" {n_examples} examples, rule {chosen.name}, delta {chosen.delta:g});"
        " retrained models do not reach 1: compare with a second bank of oracles"
    )
