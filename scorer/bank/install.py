"""Put the models of a bank into a cache, where they are what `oracles` would have trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays

from scorer.bank.file import About, BankFile, member_of
from scorer.errors import ScorerError
from scorer.features import holds_all, kept_features
from scorer.files import Damaged
from scorer.oracles.outputs import Bank
from scorer.oracles.pool import Pool
from scorer.results.provenance import bank_sha256
from scorer.store import ARRAYS, MANIFEST, WEIGHTS, Arrays, Seal
from scorer.tasks.task import Task
from scorer.training.paths import TrainingPath


@dataclass(frozen=True)
class Entry:
    """One model of a bank, held against its seal and its digests.

    Attributes:
        arrays: its outputs.
        facts: of its manifest, but for what the store adds.
        weights: in the safetensors format, of an original.
    """

    arrays: Arrays
    facts: dict[str, Any]
    weights: bytes | None


def pool_of(bank: BankFile, task: Task, cache_dir: Path) -> Pool:
    """Return the pool in a cache that the models of a bank belong to.

    Raises:
        ScorerError: the bank is of another task, or no models of its kind can be made here.
    """
    about = bank.about
    if about.fingerprint != task.fingerprint:
        raise ScorerError(
            f"{bank.path} must be a bank of {task.name}, split {task.split_seed}, fingerprint"
            f" {task.fingerprint[:16]}, got one of {about.task}, split {about.split_seed},"
            f" fingerprint {about.fingerprint[:16]}; name its own task, or use the kit and the"
            " data that it was made with"
        )
    try:
        path = TrainingPath(**about.path)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ScorerError(f"{bank.path} must name a way of training, got: {error}") from error
    pool = Pool(task, path, about.device, cache_dir, about.secret)
    if pool.engine_id != about.engine_id:
        raise ScorerError(
            f"{bank.path} must be of engine {pool.engine_id}, got {about.engine_id}; models of"
            " other releases of torch are other models: install that release"
        )
    return pool


def read_entries(bank: BankFile) -> dict[str, list[Entry]]:
    """Return every model of a bank by role, verified.

    Raises:
        ScorerError: one was changed, is not there, or lacks an output that is measured here.
    """
    about = bank.about
    found = {
        role: [_read_entry(bank, role, index) for index in range(n)]
        for role, n in about.roles.items()
    }
    for role, entries in found.items():
        for name, n_examples in about.sizes.items():
            for index, entry in enumerate(entries):
                array = entry.arrays.get(f"confidence_{name}")
                if array is None or array.shape != (n_examples,):
                    got = None if array is None else array.shape
                    raise ScorerError(
                        f"{bank.path}: {role} {index} must have confidences of {n_examples}"
                        f" examples of {name}, got {got}"
                    )
    _check_digest(bank, found)
    return found


def _check_digest(bank: BankFile, found: dict[str, list[Entry]]) -> None:
    """Hold the confidences against the digest that records of this bank have."""
    if bank.about.bank_sha256 is None:
        return
    banks = {role: Bank.stack([dict(each.arrays) for each in own]) for role, own in found.items()}
    digest = bank_sha256({role: one.confidence() for role, one in banks.items()})
    if digest != bank.about.bank_sha256:
        raise ScorerError(
            f"{bank.path} must hold the bank of digest {bank.about.bank_sha256[:16]}, got"
            f" {str(digest)[:16]}; get the file again"
        )


def _read_entry(bank: BankFile, role: str, index: int) -> Entry:
    """Return one model, its manifest held against the secret and its place."""
    about: About = bank.about
    where = f"{bank.path}: {role} {index}"
    seal = Seal(f"pool/{about.fingerprint}/{about.engine_id}/{role}", about.secret)
    try:
        facts = seal.open(index, bank.content(member_of(role, index, MANIFEST)))
    except Damaged as error:
        raise ScorerError(f"{where} is not a model of this pool: {error}") from error
    wanted = kept_features()
    if not holds_all(facts, wanted):
        names = ", ".join(one.name for one in wanted)
        raise ScorerError(
            f"{where} must have the outputs that this kit measures ({names}), got"
            f" {facts.get('features')}; use the kit that it was made with:"
            f" {about.kit.get('version')}"
        )
    files = {file: bank.content(member_of(role, index, file)) for file in facts.pop("sha256")}
    try:
        arrays = load_arrays(files[ARRAYS])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ScorerError(f"{where}: its arrays cannot be read: {error}") from error
    own = {name: value for name, value in facts.items() if name not in ("index", "edition")}
    return Entry(arrays, own, files.get(WEIGHTS))


def install(bank: BankFile, task: Task, cache_dir: Path) -> tuple[Pool, int]:
    """Verify a whole bank, then put its models into a cache; return the pool and how many are new.

    Models that are there already stay: they are the same.

    Raises:
        ScorerError: the bank is of another task, changed or cut short; nothing is written then.
        DiskError: the disk is full or not writable.
    """
    pool = pool_of(bank, task, cache_dir)
    found = read_entries(bank)
    pool.to_spec()  # which makes the folder of the pool, its secret in it
    n_new = 0
    for role, entries in found.items():
        store = pool.store(role)
        store.repair(len(entries))
        for index in store.missing(len(entries)):
            entry = entries[index]
            store.write(index, entry.arrays, entry.facts, entry.weights)
            n_new += 1
    return pool, n_new
