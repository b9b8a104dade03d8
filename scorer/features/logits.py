"""The logits themselves, of the forget set only: on all sets they would be most of a pool."""

from __future__ import annotations

import numpy as np

from scorer.features.base import Feature, ForwardPass


def logits(seen: ForwardPass) -> np.ndarray:
    """Return the logits `(n, n_classes)` float32."""
    return seen.logits


FEATURE = Feature(
    name="logits",
    version=1,
    summary="logits of the forget set, (n_classes,) float32",
    compute=logits,
    sets=("forget",),
)
