"""How a score is made again, and where it was made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from scorer.options import OWN_FORGET_SET
from scorer.results.record import Record
from scorer.scenarios import STANDARD
from scorer.secret import PUBLIC, PUBLIC_SECRET

SECRETS = {"pool_secret": "--secret", "runs_secret": "--runs-secret"}


def command(record: Record) -> str:
    """Return the command that makes a score again.

    Secrets stay in the record, so that a page can be handed on: whoever has them can train the
    oracles. A secret that everybody knows is named.
    """
    words = ["python", "-m", "scorer", "score", record.method_path or record.method]
    # Of a list only the hash is known, not where it lies.
    forget = "file:PATH" if record.forget.startswith("file:") else record.forget
    values = {
        "--task": record.task,
        "--forget": None if forget == OWN_FORGET_SET else forget,
        "--scenario": None if record.scenario == STANDARD else record.scenario,
        "--split-seed": record.split_seed,
        "--n-models": record.n_models,
        "--rule": record.rule,
        "--design": record.design,
        "--budget": record.budget,
    }
    for flag, value in values.items():
        if value is not None:
            words += [flag, str(value)]
    line = shlex.join(words)
    for field, flag in SECRETS.items():
        secret = getattr(record, field)
        if secret is not None:
            known = PUBLIC if secret == PUBLIC_SECRET else f'"${field.upper()}"'
            line += f" {flag} {known}"
    return line


def split_name(record: Record) -> str:
    """Return which split a score is on."""
    return "not told" if record.split_seed is None else str(record.split_seed)


def secrets_note(record: Record) -> str:
    """Return which secrets `command` lacks, and why; empty where it has them."""
    if record.pool_secret is None:
        return (
            "Which secret the models come from is not told: another one is drawn, so that the score"
            " is alike and not the same."
        )
    left_out = [field for field in SECRETS if f'"${field.upper()}"' in command(record)]
    if not left_out:
        return ""
    return (
        f"To be read in the record: {' and '.join(left_out)}. Left out here so that this page can"
        " be handed on: whoever has the secret of a pool can train its oracles."
    )


def provenance(record: Record) -> Iterator[tuple[str, str]]:
    """Yield what identifies a score and where it was made, a label and a value each."""
    given: Mapping[str, Any] = record.provenance
    where = given.get("environment")
    e: Mapping[str, Any] = where if isinstance(where, Mapping) else {}
    yield "made at", record.created_at
    yield "run", record.run_id
    yield "file", record.method_path or "none: made by the kit itself"
    if record.method_sha256:
        yield "SHA-256 of the file", record.method_sha256
    yield "task", f"{record.task}, split {split_name(record)}"
    yield "fingerprint", record.fingerprint
    yield "models", f"N = {record.n_models}, design {record.design}"
    yield "rule", f"{record.rule}, delta {record.delta:g}"
    yield "oracles and controls", record.bank_sha256 or "no digest"
    yield "trained by", record.engine_id
    yield "isolation", record.sandbox or "not in the record"
    for label, name in (("processor", "device_name"), ("Python", "python"), ("torch", "torch"),
                        ("NumPy", "numpy"), ("system", "platform")):  # fmt: skip
        yield label, str(e.get(name, "not in the record"))
    state = ", modified" if e.get("modified") is True else ""
    yield "commit of the kit", f"{e.get('commit') or 'unknown'}{state}"
