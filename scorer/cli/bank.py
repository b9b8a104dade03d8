"""`bank`: the outputs of a pool as one file, out and in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scorer.cli._common import json_option, options, progress_bar, say, show_json
from scorer.errors import UsageError

FILE = click.Path(dir_okay=False, resolve_path=True, path_type=Path)
FOLDER = click.Path(file_okay=False, resolve_path=True, path_type=Path)


@click.group(short_help="The outputs of a pool as one file: written, verified, put to use.")
def command() -> None:
    """Hand a pool of oracles on as one file, or take one that somebody else made.

    \b
    Examples:
      python -m scorer bank export digits-64.bank.zip
      python -m scorer bank import digits-64.bank.zip
    """


@command.command("export")
@click.argument("file", type=FILE)
@options("task", "split_seed", "n_models", "secret", "device", "workers", "engine", "data_dir",
         "cache_dir")  # fmt: skip
@click.option("--weights", is_flag=True, help="originals too, with their weights")
@json_option
def export(file: Path, weights: bool, as_json: bool, **values: Any) -> None:
    """Write N oracles and N controls to FILE, and a Croissant description beside it.

    What is missing is trained first. The file holds confidences, accuracies, manifests and the
    secret of the pool: whoever has it can train the same models, so that it is none for a contest
    that is still running.

    \b
    Examples:
      python -m scorer bank export digits-64.bank.zip
      python -m scorer bank export cifar10.bank.zip --task cifar10 --n-models 512 --weights
    """
    from scorer.bank.export import export_bank
    from scorer.bank.file import BankFile
    from scorer.options import Options
    from scorer.oracles.open import open_pool

    chosen = Options(**values)
    roles = {"original": 1, "oracle": chosen.n_models, "control": chosen.n_models}
    roles = roles if weights else {role: n for role, n in roles.items() if role != "original"}
    with progress_bar() as progress:
        pool, engine = open_pool(chosen, progress)
        pool.banks(roles, engine, progress)
    beside = export_bank(file, pool, roles, weights=weights)
    about = BankFile(file).about
    facts = {
        "file": str(file),
        "description": str(beside),
        "task": about.task,
        "fingerprint": about.fingerprint,
        "engine_id": about.engine_id,
        "roles": about.roles,
        "bank_sha256": about.bank_sha256,
    }
    if as_json:
        show_json(facts)
        return
    say(f"wrote {file}: {_counted(about.roles)} of {about.task}, bank {about.bank_sha256}")
    say(f"wrote {beside}")


@command.command("import")
@click.argument("file", type=FILE, required=False)
@click.option("--task", help="refuse a bank of another task; default: the one that it names")
@click.option("--easydub", type=FOLDER, help="in place of FILE: a folder of EasyDUB's margins")
@click.option("--output", type=FOLDER, help="where the arrays of --easydub go")
@options("device", "data_dir", "cache_dir", "rule")
@json_option
def import_(
    file: Path | None,
    task: str | None,
    easydub: Path | None,
    output: Path | None,
    rule: str,
    as_json: bool,
    **values: Any,
) -> None:
    """Verify FILE, and put its models where `score` looks for them.

    A bank of another task, altered or cut short is refused as a whole. With --easydub, published
    margins become arrays for `metric`: oracles, half of them as controls, and originals.

    \b
    Examples:
      python -m scorer bank import digits-64.bank.zip
      python -m scorer bank import --easydub EasyDUB-dataset --output margins
    """
    if (file is None) == (easydub is None) or (easydub is None) != (output is None):
        raise UsageError("bank import takes FILE, or --easydub PATH with --output FOLDER")
    if easydub is not None and output is not None:
        _import_easydub(easydub, output, rule, as_json)
        return
    if file is not None:
        _import_bank(file, task, as_json, values)


def _import_bank(file: Path, task: str | None, as_json: bool, values: dict[str, Any]) -> None:
    """Put the models of a bank into the cache."""
    import torch

    from scorer.bank.file import BankFile
    from scorer.bank.install import install
    from scorer.engines import make_engine
    from scorer.options import Options
    from scorer.tasks.load import load_task
    from scorer.training.paths import suggest_path

    bank = BankFile(file)
    about = bank.about
    chosen = Options(task=task or about.task, split_seed=about.split_seed, **values)
    with progress_bar() as progress:
        loaded = load_task(chosen, make_engine(chosen.engine, chosen.workers), progress)
    pool, n_new = install(bank, loaded, chosen.cache_dir)
    data = loaded.training_set("retain", torch.device(chosen.torch_device))
    recipe = loaded.definition.recipe
    here = suggest_path(pool.path, data, recipe, chosen.cache_dir, "that of an imported bank")
    facts = {
        "pool": str(pool.root),
        "task": about.task,
        "roles": about.roles,
        "new": n_new,
        "bank_sha256": about.bank_sha256,
        "is_used_here": here == pool.path and pool.device == chosen.torch_device,
    }
    if as_json:
        show_json(facts)
        return
    say(f"{pool.root}: {_counted(about.roles)}, verified, {n_new} of them new")
    if not facts["is_used_here"]:
        say(f"note: they are of engine {about.engine_id}; on this machine and cache models are"
            " trained another way, and scored against others")  # fmt: skip


def _import_easydub(root: Path, output: Path, rule: str, as_json: bool) -> None:
    """Write the banks of every forget set of EasyDUB as arrays, and say what they score."""
    from scorer.bank.easydub import read_easydub
    from scorer.metric.rules import make_rule

    rows = []
    for each in read_easydub(root):
        folder, found = each.write(output), each.qualities(make_rule(rule))
        n_models, n_examples = each.oracle.shape
        rows.append({"forget_set": each.number, "folder": str(folder), "n_models": n_models,
                     "n_examples": n_examples, "rule": rule, **found})  # fmt: skip
    if as_json:
        show_json({"forget_sets": rows})
        return
    for row in rows:
        say(
            f"forget set {row['forget_set']}, {row['n_examples']} examples, N={row['n_models']}:"
            f" F of the originals {row['original']:.4f}, ceiling {row['ceiling']:.4f}"
            f" (rule {rule}); arrays in {row['folder']}"
        )
    say("score your own: python -m scorer metric --unlearned U.npy --oracle FOLDER/oracle.npy")


def _counted(roles: dict[str, int]) -> str:
    """Return "64 oracle, 64 control models"."""
    return f"{', '.join(f'{n} {role}' for role, n in roles.items())} models"
