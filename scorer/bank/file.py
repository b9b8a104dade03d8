"""The file of a bank: a zip of the entries of a pool, byte for byte, and what they are of.

bank.json                             what it is of, the secret of the pool, SHA-256 of the rest
accuracies.csv                        of every model on every set
models/<role>/<index>/manifest.json   sealed by the secret, as in the pool
                      arrays.safetensors
                      weights.safetensors    of originals, where weights were asked for
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from scorer.errors import ZIP_DAMAGE, ScorerError
from scorer.files import zip_member

EDITION = 1

ABOUT = "bank.json"
ACCURACIES = "accuracies.csv"
MODELS = "models"

MOST_ABOUT_BYTES = 64 * 2**20
MOST_MEMBER_BYTES = 2**30
"""Of one member, whatever the zip says of it: far more than the weights of any network here."""

ROLES = ("original", "oracle", "control")
"""Whose models a bank may hold; a role is the name of a folder where it is imported."""

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What the models of a bank are.

    Attributes:
        edition: of the form of the file.
        kit: name and version of what wrote it.
        task: name of the task.
        split_seed: which split of its data.
        fingerprint: of the task.
        engine_id: how and where the models were trained.
        path: fields of the training path.
        device: kind of device.
        secret: of the pool; whoever has it can train its models.
        roles: how many models of each role.
        sizes: examples of each set.
        bank_sha256: digest of the confidences on forget, as records name it; None where oracles
            and controls are not equally many.
        machine: that wrote the file.
        members: SHA-256 of every other member.
    """

    edition: int
    kit: dict[str, str]
    task: str
    split_seed: Annotated[int, Meta(ge=0)]
    fingerprint: Digest
    engine_id: str
    path: dict[str, str | int]
    device: str
    secret: Digest
    roles: dict[str, Annotated[int, Meta(ge=1, le=99_999)]]
    sizes: dict[str, int]
    bank_sha256: Digest | None
    machine: dict[str, Any]
    members: dict[str, Digest]


def member_of(role: str, index: int, file: str) -> str:
    """Return where a file of a model lies in the zip."""
    return f"{MODELS}/{role}/{index:05d}/{file}"


@dataclass(frozen=True)
class BankFile:
    """A bank as it lies on disk; nothing in it is believed before it is held against its digest.

    Attributes:
        path: of the file.
    """

    path: Path

    @cached_property
    def about(self) -> About:
        """Return what it is of.

        Raises:
            ScorerError: it is no bank, cut short, or of another edition.
        """
        try:
            with zipfile.ZipFile(self.path) as opened:
                with opened.open(ABOUT) as member:
                    content = member.read(MOST_ABOUT_BYTES)
                names = [each.filename for each in opened.infolist()]
        except ZIP_DAMAGE as error:
            raise self._bad(f"it cannot be read: {error}") from error
        try:
            values = msgspec.json.decode(content)
            edition = values.get("edition") if isinstance(values, dict) else None
            if edition != EDITION:
                raise self._bad(f"{ABOUT} must be of edition {EDITION}, got {edition!r}")
            about = msgspec.convert(values, About)
        except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
            raise self._bad(f"{ABOUT} is not as it was written: {error}") from error
        wanted = sorted([*about.members, ABOUT])
        if sorted(names) != wanted:
            odd = sorted(set(names) ^ set(wanted)) or ["a member twice"]
            raise self._bad(f"its members must be those that {ABOUT} names, got {odd[0]!r}")
        if not {"oracle", "control"} <= about.roles.keys() <= set(ROLES):
            raise self._bad(f"it must hold oracles and controls, got {sorted(about.roles)}")
        return about

    def content(self, member: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            ScorerError: they are not those that were written, or there is no such member.
        """
        expected = self.about.members.get(member)
        if expected is None:
            raise self._bad(f"it lacks {member}")
        try:
            with zipfile.ZipFile(self.path) as opened, opened.open(member) as found:
                content = found.read(MOST_MEMBER_BYTES)
        except ZIP_DAMAGE as error:
            raise self._bad(f"{member} cannot be read: {error}") from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise self._bad(f"{member} was changed: its SHA-256 is not that in {ABOUT}")
        return content

    def _bad(self, what: str) -> ScorerError:
        """Return the error about a file that cannot be used."""
        return ScorerError(
            f"{self.path} must be a bank as `bank export` writes it: {what}; get the file again"
        )


def write_bank(path: Path, about: Mapping[str, Any], contents: Mapping[str, bytes]) -> None:
    """Write a bank to a path that does not exist yet.

    Args:
        path: of the file.
        about: fields of `About` but for `edition` and `members`.
        contents: bytes of every other member.
    """
    members = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    said = json.dumps({"edition": EDITION, **about, "members": members}, indent=1).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in {ABOUT: said, **contents}.items():
            made.writestr(zip_member(name), content)
