"""Manifests that cannot be edited, moved or forged without it being noticed.

A manifest is canonical JSON with a code (HMAC-SHA-256) over all of its other fields, its place and
its number. The key comes from a secret where others must not write entries; where everybody may
make the same ones it is public, and the code finds damage and wrong places alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scorer.errors import ScorerError
from scorer.files import Damaged
from scorer.secret import derived_key

EDITION = 2
"""Of manifests. What an older kit wrote is made again, what a newer one wrote is left alone."""

CODE = "seal"


@dataclass(frozen=True)
class Seal:
    """What manifests of one store are held against.

    Attributes:
        place: what the store is of, such as "pool/<fingerprint>/<engine id>/oracle"; entries of
            one place are none of another.
        secret: of whoever may write there; None where everybody may.
    """

    place: str
    secret: str | None = field(default=None, repr=False)

    @cached_property
    def _key(self) -> bytes:
        """Return the key of this place."""
        return derived_key(self.secret or "", f"seal {self.place}")

    def close(self, index: int, facts: Mapping[str, Any]) -> bytes:
        """Return the manifest of an entry as it is written.

        Args:
            index: of the entry.
            facts: JSON values.

        Raises:
            ValueError: a number is not finite.
        """
        fields = {**facts, "index": index, "edition": EDITION}
        return canonical({**fields, CODE: self._code(fields)})

    def open(self, index: int, content: bytes) -> dict[str, Any]:
        """Return the fields of a manifest, once it is known to be this entry's.

        Args:
            index: of the entry that it was found in.
            content: bytes of the file.

        Raises:
            Damaged: it is another's, was changed, or an older kit wrote it.
            ScorerError: a newer kit wrote it.
        """
        try:
            fields: dict[str, Any] = json.loads(content)
            is_canonical = isinstance(fields, dict) and canonical(fields) == content
        except (ValueError, RecursionError):
            is_canonical = False
        if not is_canonical:
            raise Damaged("its manifest was changed, or an older kit wrote it")
        code = fields.pop(CODE, None)
        is_own = isinstance(code, str) and hmac.compare_digest(
            code.encode(), self._code(fields).encode()
        )
        if not is_own or fields.get("index") != index:
            raise Damaged("its manifest was changed, or belongs to another place")
        if fields["edition"] > EDITION:
            raise ScorerError(
                f"an entry of {self.place} must be of edition {EDITION}, got {fields['edition']};"
                " a newer kit wrote it: update this one, or use another CACHE_DIR"
            )
        if fields["edition"] < EDITION:
            raise Damaged("an older kit wrote it")
        return fields

    def _code(self, fields: Mapping[str, Any]) -> str:
        """Return the code over all fields; the place is in the key."""
        return hmac.digest(self._key, canonical(fields), "sha256").hex()


def canonical(values: Mapping[str, Any]) -> bytes:
    """Return JSON values as the one line that stands for them, so that each bit of it counts.

    Raises:
        ValueError: a number is not finite.
    """
    line = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return line.encode() + b"\n"


def json_sha256(value: Any) -> str:
    """Return the SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
