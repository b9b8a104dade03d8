"""Entries on disk: whole or absent, held against their place, made again where damaged."""

from __future__ import annotations

from scorer.store.claims import Unit, claim
from scorer.store.entries import ARRAYS, MANIFEST, WEIGHTS, Arrays, DamagedEntry, Store
from scorer.store.recovery import read_or_make
from scorer.store.seal import Seal, json_sha256

__all__ = [
    "ARRAYS",
    "MANIFEST",
    "WEIGHTS",
    "Arrays",
    "DamagedEntry",
    "Seal",
    "Store",
    "Unit",
    "claim",
    "json_sha256",
    "read_or_make",
]
