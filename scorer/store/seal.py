"""Manifests that cannot be edited, moved or forged without it being noticed.

A manifest is one line of JSON that begins with a code (HMAC-SHA-256) over all of its other bytes
and its place. The key comes from a secret where others must not write entries; where everybody may
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

BEFORE, BEHIND, CODE_LENGTH = b'{"seal":"', b'",', 64
"""What stands before and behind the code; all bytes after that are covered by it."""


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
        line = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
        body = line.encode() + b"\n"
        return BEFORE + self._code(body) + BEHIND + body[1:]

    def open(self, index: int, content: bytes) -> dict[str, Any]:
        """Return the fields of a manifest, once it is known to be this entry's.

        Args:
            index: of the entry that it was found in.
            content: bytes of the file.

        Raises:
            Damaged: it is another's, was changed, or an older kit wrote it.
            ScorerError: a newer kit wrote it.
        """
        start, end = len(BEFORE), len(BEFORE) + CODE_LENGTH
        code, body = content[start:end], b"{" + content[end + len(BEHIND) :]
        if content[:start] != BEFORE or content[end : end + len(BEHIND)] != BEHIND:
            raise Damaged("its manifest was changed, or an older kit wrote it")
        if not hmac.compare_digest(code, self._code(body)):
            raise Damaged("its manifest was changed, or belongs to another place")
        fields: dict[str, Any] = json.loads(body)
        if fields["edition"] > EDITION:
            raise ScorerError(
                f"an entry of {self.place} must be of edition {EDITION}, got {fields['edition']};"
                " a newer kit wrote it: update this one, or use another CACHE_DIR"
            )
        if fields["edition"] < EDITION:
            raise Damaged("an older kit wrote it")
        if fields["index"] != index:
            raise Damaged(f"its manifest is that of entry {fields['index']}")
        return fields

    def _code(self, body: bytes) -> bytes:
        """Return the code over all other bytes of a manifest; the place is in the key."""
        return hmac.digest(self._key, body, "sha256").hex().encode()


def json_sha256(value: Any) -> str:
    """Return the SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
