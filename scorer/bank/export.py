"""From a pool to the file of its bank, and the description beside it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from scorer.bank.croissant import croissant
from scorer.bank.file import ACCURACIES, BankFile, member_of, write_bank
from scorer.errors import UsageError
from scorer.files import disk_errors, read_regular, temporary_folder
from scorer.machine import DISTRIBUTION, kit_version, machine
from scorer.oracles.outputs import Bank
from scorer.oracles.pool import Pool
from scorer.results.provenance import bank_sha256
from scorer.store import MANIFEST
from scorer.tasks.task import SETS

ORIGINAL = "original"


def export_bank(path: Path, pool: Pool, roles: Mapping[str, int], *, weights: bool) -> Path:
    """Write models of a pool as one file, a Croissant description beside it; return its path.

    Args:
        path: of the file, which is replaced where it is there.
        pool: has all of these models.
        roles: how many of each role, from 0.
        weights: whether originals go along, with their weights: without weights nothing starts
            from them, and they are left out.

    Returns:
        The path of the description.

    Raises:
        UsageError: the path cannot be that of a file.
        DamagedEntry: a model is not there, or not as it was written.
        DiskError: the disk is full or not writable; no part of the file remains.
    """
    if path.is_dir() or not path.name:
        raise UsageError(f"FILE must be the path of a file, got the folder {path}")
    chosen = {role: n for role, n in roles.items() if weights or role != ORIGINAL}
    contents = entries(pool, chosen)
    banks = {role: pool.bank(role, n) for role, n in chosen.items()}
    contents[ACCURACIES] = accuracies_csv(banks)
    digest = None
    if banks["oracle"].n_models == banks["control"].n_models:
        digest = bank_sha256({role: bank.confidence() for role, bank in banks.items()})
    about = {
        "kit": {"name": DISTRIBUTION, "version": kit_version()},
        "task": pool.task.name,
        "split_seed": pool.task.split_seed,
        "fingerprint": pool.task.fingerprint,
        "engine_id": pool.engine_id,
        "path": asdict(pool.path),
        "device": pool.device,
        "secret": pool.secret,
        "roles": chosen,
        "sizes": {name: len(pool.task.indices(name)) for name in SETS},
        "bank_sha256": digest,
        "machine": machine(pool.device),
    }
    beside = path.with_name(f"{path.name}.croissant.json")
    with disk_errors(path.parent), temporary_folder(path.parent, "bank") as aside:
        write_bank(aside / path.name, about, contents)
        sha256 = hashlib.sha256((aside / path.name).read_bytes()).hexdigest()
        described = croissant(BankFile(aside / path.name).about, path.name, sha256)
        (aside / beside.name).write_text(json.dumps(described, indent=1) + "\n")
        (aside / path.name).replace(path)
        (aside / beside.name).replace(beside)
    return beside


def entries(pool: Pool, roles: Mapping[str, int]) -> dict[str, bytes]:
    """Return the files of models of a pool by their name in a bank, each held against its seal."""
    contents = {}
    for role, n_models in roles.items():
        store = pool.store(role)
        for index in range(n_models):
            for file in store.manifest(index)["sha256"]:
                contents[member_of(role, index, file)] = store.content(index, file)
            # As it is, with its seal; `content` has looked at it.
            found = read_regular(store.folder(index) / MANIFEST)
            contents[member_of(role, index, MANIFEST)] = found
    return contents


def accuracies_csv(banks: Mapping[str, Bank]) -> bytes:
    """Return the accuracy of every model on every set, a line a model."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["role", "index", *(f"{name}_accuracy" for name in SETS)])
    for role, bank in banks.items():
        columns = [bank.accuracy(name).tolist() for name in SETS]
        for index, row in enumerate(zip(*columns, strict=True)):
            writer.writerow([role, index, *(f"{value:.6f}" for value in row)])
    return text.getvalue().encode()
