"""The data of one phase: what a submission may see, and what only scoring may."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save_file

from scorer.bank.export import export_bank
from scorer.errors import ScorerError
from scorer.files import delete
from scorer.host.settings import PHASE_FILE, Phase, write_json
from scorer.host.visible import visible_task
from scorer.oracles.pool import Pool
from scorer.tasks.snapshot import read_snapshot, save_snapshot
from scorer.tasks.task import Task

TASKS = "task-*"
ORIGINALS = "originals"
BANK = "bank.zip"


def write_input_data(folder: Path, pool: Pool, n_originals: int, is_hidden: bool) -> None:
    """Write what runs of a submission start from: retain, forget, val and the original models.

    Args:
        folder: is made.
        pool: has the originals.
        n_originals: how many of them.
        is_hidden: whether participants may not learn the split.
    """
    (folder / ORIGINALS).mkdir(parents=True)
    for index in range(n_originals):
        save_file(pool.original_weights(index), folder / ORIGINALS / f"{index:05d}.safetensors")
    save_snapshot(visible_task(pool.task), folder)
    write_json(_phase(pool, is_hidden), folder / PHASE_FILE)
    _delete_locks(folder)


def write_reference_data(
    folder: Path, pool: Pool, n_models: int, n_originals: int, is_hidden: bool
) -> None:
    """Write what a score is held against: the whole task and the outputs of the oracles.

    Args:
        folder: is made.
        pool: has the models.
        n_models: oracles, and as many controls.
        n_originals: that the runs start from.
        is_hidden: whether participants may not learn the split.
    """
    folder.mkdir(parents=True)
    roles = {"original": n_originals, "oracle": n_models, "control": n_models}
    delete(export_bank(folder / BANK, pool, roles, weights=True))
    save_snapshot(pool.task, folder)
    write_json(_phase(pool, is_hidden), folder / PHASE_FILE)
    _delete_locks(folder)


def read_task(folder: Path) -> Task:
    """Return the one task that lies in a folder of data.

    Raises:
        ScorerError: there is none, or it is damaged.
    """
    found = sorted(folder.glob(TASKS))
    if len(found) != 1:
        raise ScorerError(f"{folder} must hold one task, got {len(found)}; make the bundle again")
    return read_snapshot(found[0])


def _phase(pool: Pool, is_hidden: bool) -> Phase:
    """Return what is told of the data of a pool's task."""
    task = pool.task
    return Phase(
        task=task.name,
        split_seed=task.split_seed,
        fingerprint=task.fingerprint,
        engine_id=pool.engine_id,
        path=asdict(pool.path),
        is_hidden=is_hidden,
    )


def _delete_locks(folder: Path) -> None:
    """Delete hidden files, which nothing reads."""
    for path in folder.rglob(".*"):
        delete(path)
